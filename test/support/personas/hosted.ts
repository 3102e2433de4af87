import { type Dialect, deltas, details, message, SSE_UTF8 } from './turn.ts'

export const openai: Dialect = {
  headers: SSE_UTF8,
  stream(turn) {
    const chunk = (choices: object[], usage: object | null) => ({
      id: `chatcmpl-B${turn.number}`,
      object: 'chat.completion.chunk',
      created: turn.created,
      model: turn.model,
      service_tier: 'default',
      system_fingerprint: 'fp_54eb4bd693',
      choices,
      ...(turn.usageAsked && { usage }),
      obfuscation: 'a9Zk3'.slice(0, 1 + (turn.number % 5)),
    })
    const says = (delta: object, finish: string | null = null) =>
      chunk([{ index: 0, delta, logprobs: null, finish_reason: finish }], null)
    return {
      opening: [says({ role: 'assistant', content: '', refusal: null })],
      tokens: deltas(turn, { reasoning: 'reasoning_content' }).map((delta) => says(delta)),
      closing: [says({}, turn.finish), ...(turn.sendUsage ? [chunk([], details(turn))] : [])],
    }
  },
  whole: (turn) => ({
    id: `chatcmpl-B${turn.number}`,
    object: 'chat.completion',
    created: turn.created,
    model: turn.model,
    choices: [
      {
        index: 0,
        message: { ...message(turn, 'reasoning_content'), refusal: null, annotations: [] },
        logprobs: null,
        finish_reason: turn.finish,
      },
    ],
    usage: details(turn),
    service_tier: 'default',
    system_fingerprint: 'fp_54eb4bd693',
  }),
}

const SAFE = { filtered: false, severity: 'safe' }
const SAFE_RESULTS = { hate: SAFE, self_harm: SAFE, sexual: SAFE, violence: SAFE }

/** With asynchronous filters: results come first and last, in chunks that answer for nobody. */
export const azure: Dialect = {
  headers: SSE_UTF8,
  stream(turn) {
    const chunk = (choices: object[], usage: object | null = null) => ({
      choices,
      created: turn.created,
      id: `chatcmpl-A${turn.number}`,
      model: turn.model,
      object: 'chat.completion.chunk',
      system_fingerprint: 'fp_ee1d74bde0',
      ...(turn.usageAsked && { usage }),
    })
    const says = (delta: object, finish: string | null = null) =>
      chunk([
        { content_filter_results: {}, delta, finish_reason: finish, index: 0, logprobs: null },
      ])
    const nobody = { id: '', object: '', created: 0, model: '' }
    const filtered = { prompt_index: 0, content_filter_results: SAFE_RESULTS }
    const offsets = { check_offset: 44, start_offset: 44, end_offset: 198 }
    const verdict = { content_filter_results: SAFE_RESULTS, content_filter_offsets: offsets }
    return {
      opening: [
        { choices: [], ...nobody, prompt_filter_results: [filtered] },
        says({ content: '', refusal: null, role: 'assistant' }),
      ],
      tokens: deltas(turn, { reasoning: 'reasoning_content' }).map((delta) => says(delta)),
      closing: [
        says({}, turn.finish),
        { ...nobody, choices: [{ index: 0, finish_reason: null, ...verdict }] },
        ...(turn.sendUsage ? [chunk([], details(turn))] : []),
      ],
    }
  },
  whole: (turn) => ({
    choices: [
      {
        content_filter_results: SAFE_RESULTS,
        finish_reason: turn.finish,
        index: 0,
        logprobs: null,
        message: { ...message(turn, 'reasoning_content'), refusal: null },
      },
    ],
    created: turn.created,
    id: `chatcmpl-A${turn.number}`,
    model: turn.model,
    object: 'chat.completion',
    prompt_filter_results: [{ prompt_index: 0, content_filter_results: SAFE_RESULTS }],
    system_fingerprint: 'fp_ee1d74bde0',
    usage: details(turn),
  }),
}
