import { type DeltaStyle, type Dialect, deltas, message, SSE, type Turn } from './turn.ts'

/** The role on every delta, a new `created` on every chunk, tool calls whole. */
export const ollama: Dialect = {
  headers: SSE,
  stream(turn) {
    let chunks = 0
    const chunk = (choices: object[], more: object = {}) => ({
      id: `chatcmpl-${turn.number}`,
      object: 'chat.completion.chunk',
      // The clock is read for every chunk; one second a chunk makes the drift certain.
      created: turn.created + chunks++,
      model: turn.model,
      system_fingerprint: 'fp_ollama',
      choices,
      ...more,
    })
    const says = (delta: object, finish: string | null = null) =>
      chunk([{ index: 0, delta: { role: 'assistant', ...delta }, finish_reason: finish }])
    const style: DeltaStyle = { reasoning: 'reasoning', before: { content: '' }, wholeCalls: true }
    return {
      opening: [],
      tokens: deltas(turn, style).map((delta) => says(delta)),
      closing: [
        says({ content: '' }, turn.finish),
        ...(turn.sendUsage ? [chunk([], { usage: turn.usage })] : []),
      ],
    }
  },
  whole: (turn) => ({
    id: `chatcmpl-${turn.number}`,
    object: 'chat.completion',
    created: turn.created,
    model: turn.model,
    system_fingerprint: 'fp_ollama',
    choices: [{ index: 0, message: message(turn, 'reasoning'), finish_reason: turn.finish }],
    usage: turn.usage,
  }),
}

/** `content: null` beside the first role, and timings in whatever chunk is the last. */
export const llamaServer: Dialect = {
  headers: SSE,
  stream(turn) {
    const chunk = (choices: object[], more: object = {}) => ({
      choices,
      created: turn.created,
      id: `chatcmpl-${'qC6laQHbZ2CmxNvJ'.slice(turn.number % 8)}${turn.number}`,
      model: turn.model,
      system_fingerprint: 'b9554-d403f00ec',
      object: 'chat.completion.chunk',
      ...more,
    })
    const says = (delta: object, finish: string | null = null, more: object = {}) =>
      chunk([{ finish_reason: finish, index: 0, delta }], more)
    const last = { timings: timings(turn) }
    return {
      opening: [says({ role: 'assistant', content: null })],
      tokens: deltas(turn, { reasoning: 'reasoning_content' }).map((delta) => says(delta)),
      closing: turn.sendUsage
        ? [says({}, turn.finish), chunk([], { usage: turn.usage, ...last })]
        : [says({}, turn.finish, last)],
    }
  },
  whole: (turn) => ({
    choices: [
      { finish_reason: turn.finish, index: 0, message: message(turn, 'reasoning_content') },
    ],
    created: turn.created,
    model: turn.model,
    system_fingerprint: 'b9554-d403f00ec',
    object: 'chat.completion',
    usage: turn.usage,
    id: `chatcmpl-${turn.number}`,
    timings: timings(turn),
  }),
}

function timings(turn: Turn): object {
  const { prompt_tokens, completion_tokens } = turn.usage
  return {
    cache_n: 0,
    prompt_n: prompt_tokens,
    prompt_ms: 251.51,
    prompt_per_token_ms: 27.94,
    prompt_per_second: 35.78,
    predicted_n: completion_tokens,
    predicted_ms: 14.35 * completion_tokens,
    predicted_per_token_ms: 14.35,
    predicted_per_second: 69.66,
  }
}

/** The role on every delta that has words; the model's name as its fingerprint. */
export const lmStudio: Dialect = {
  headers: SSE,
  stream(turn) {
    const chunk = (choices: object[], more: object = {}) => ({
      id: `chatcmpl-um3b2l9t12bzrtha63q${turn.number}`,
      object: 'chat.completion.chunk',
      created: turn.created,
      model: turn.model,
      system_fingerprint: turn.model,
      choices,
      ...more,
    })
    const says = (delta: object, finish: string | null = null) =>
      chunk([{ index: 0, delta, logprobs: null, finish_reason: finish }])
    const style: DeltaStyle = { reasoning: 'reasoning_content', before: { role: 'assistant' } }
    return {
      opening: [],
      tokens: deltas(turn, style).map((delta) => says(delta)),
      closing: [
        says({}, turn.finish),
        ...(turn.sendUsage ? [chunk([], { usage: turn.usage })] : []),
      ],
    }
  },
  whole: (turn) => ({
    id: `chatcmpl-um3b2l9t12bzrtha63q${turn.number}`,
    object: 'chat.completion',
    created: turn.created,
    model: turn.model,
    choices: [
      {
        index: 0,
        message: { tool_calls: [], ...message(turn, 'reasoning_content') },
        logprobs: null,
        finish_reason: turn.finish,
      },
    ],
    usage: turn.usage,
    stats: {},
    system_fingerprint: turn.model,
  }),
}

/** web-llm's objects as a thin server would write them: milliseconds, and no `[DONE]`. */
export const webllm: Dialect = {
  headers: SSE,
  endsWithoutDone: true,
  stream(turn) {
    const chunk = (choices: object[], more: object = {}) => ({
      id: uuid(turn),
      choices,
      ...more,
      model: turn.model,
      object: 'chat.completion.chunk',
      created: turn.created * 1000,
    })
    const says = (delta: object, finish: string | null = null) =>
      chunk([{ delta, finish_reason: finish, index: 0 }])
    const style: DeltaStyle = { reasoning: 'reasoning_content', after: { role: 'assistant' } }
    return {
      opening: [],
      tokens: deltas(turn, style).map((delta) => says(delta)),
      closing: [
        says({}, turn.finish),
        ...(turn.sendUsage
          ? [chunk([], { usage: { ...turn.usage, extra: { decode_tokens_per_s: 41.2 } } })]
          : []),
      ],
    }
  },
  whole: (turn) => ({
    id: uuid(turn),
    choices: [
      {
        finish_reason: turn.finish,
        index: 0,
        logprobs: null,
        message: message(turn, 'reasoning_content'),
      },
    ],
    model: turn.model,
    object: 'chat.completion',
    created: turn.created * 1000,
    usage: { ...turn.usage, extra: { decode_tokens_per_s: 41.2 } },
  }),
}

function uuid(turn: Turn): string {
  return `0f2d6d3a-8c1e-4b57-9d5e-${turn.number.toString(16).padStart(12, '0')}`
}
