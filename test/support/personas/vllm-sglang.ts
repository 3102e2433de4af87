import { type Dialect, deltas, message, SSE_UTF8, type Turn } from './turn.ts'

/** A first chunk with the role and no words; later chunks leave out what is not set. */
export const vllm: Dialect = {
  headers: SSE_UTF8,
  stream(turn) {
    const chunk = (choices: object[], spoken: number) => ({
      id: `chatcmpl-${hex(turn)}`,
      object: 'chat.completion.chunk',
      created: turn.created,
      model: turn.model,
      choices,
      ...(turn.usageAsked && turn.usageOnEveryChunk && { usage: usageSoFar(turn, spoken) }),
    })
    const says = (delta: object, spoken: number) =>
      chunk([{ index: 0, delta, logprobs: null, finish_reason: null, token_ids: null }], spoken)
    const end = {
      index: 0,
      delta: { content: '' },
      logprobs: null,
      finish_reason: turn.finish,
      stop_reason: null,
      token_ids: null,
    }
    const all = turn.usage.completion_tokens
    return {
      opening: [says({ role: 'assistant', content: '' }, 0)],
      tokens: deltas(turn, { reasoning: 'reasoning' }).map((delta, at) => says(delta, at + 1)),
      closing: [
        chunk([end], all),
        ...(turn.sendUsage ? [{ ...chunk([], all), usage: turn.usage }] : []),
      ],
    }
  },
  whole: (turn) => ({
    id: `chatcmpl-${hex(turn)}`,
    object: 'chat.completion',
    created: turn.created,
    model: turn.model,
    choices: [
      {
        index: 0,
        message: { refusal: null, tool_calls: [], ...message(turn, 'reasoning') },
        logprobs: null,
        finish_reason: turn.finish,
        stop_reason: null,
      },
    ],
    service_tier: null,
    system_fingerprint: null,
    usage: { ...turn.usage, prompt_tokens_details: null },
    prompt_logprobs: null,
    kv_transfer_params: null,
  }),
}

/** Every field on every delta, null where it says nothing, the role included. */
export const sglang: Dialect = {
  headers: SSE_UTF8,
  stream(turn) {
    const chunk = (choices: object[], usage: object | null = null) => ({
      id: hex(turn),
      object: 'chat.completion.chunk',
      created: turn.created,
      model: turn.model,
      choices,
      usage,
    })
    const silent = { role: null, content: null, reasoning_content: null, tool_calls: null }
    const says = (delta: object, spoken: number, finish: string | null = null) => {
      const choice = {
        index: 0,
        delta: { ...silent, ...delta },
        logprobs: null,
        finish_reason: finish,
        matched_stop: finish === 'stop' ? 151_645 : null,
      }
      return chunk([choice], turn.usageOnEveryChunk ? usageSoFar(turn, spoken) : null)
    }
    const all = turn.usage.completion_tokens
    return {
      opening: [says({ role: 'assistant', content: '' }, 0)],
      tokens: deltas(turn, { reasoning: 'reasoning_content' }).map((delta, at) =>
        says(delta, at + 1),
      ),
      closing: [says({}, all, turn.finish), ...(turn.sendUsage ? [chunk([], turn.usage)] : [])],
    }
  },
  whole: (turn) => ({
    id: hex(turn),
    object: 'chat.completion',
    created: turn.created,
    model: turn.model,
    choices: [
      {
        index: 0,
        message: {
          reasoning_content: null,
          tool_calls: null,
          ...message(turn, 'reasoning_content'),
        },
        logprobs: null,
        finish_reason: turn.finish,
        matched_stop: turn.finish === 'stop' ? 151_645 : null,
      },
    ],
    usage: { ...turn.usage, prompt_tokens_details: null },
  }),
}

function usageSoFar(turn: Turn, spoken: number): object {
  const { prompt_tokens } = turn.usage
  return { prompt_tokens, total_tokens: prompt_tokens + spoken, completion_tokens: spoken }
}

function hex(turn: Turn): string {
  return `8b2b91720edd4372b0579e89${turn.number.toString(16).padStart(8, '0')}`
}
