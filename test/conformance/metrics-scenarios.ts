import { frame, type Script } from '../support/script.ts'
import type { Answering } from '../support/upstream.ts'

/** What the upstream of the counted streams does: a request says which in its text. */
export const SCENARIOS = {
  /** Tokens, a finish reason, the number of tokens, `[DONE]`. */
  whole: ({ tokens }) => ({ steps: [...said(tokens), ...ending(tokens)] }),
  /** The same, with another id in each chunk. */
  repaired: ({ tokens }) => ({
    steps: [...said(tokens, (index) => `other-${index}`), ...ending(tokens)],
  }),
  /** It says neither how many tokens it read nor how many it wrote. */
  uncounted: ({ tokens }) => ({ steps: [...said(tokens), finish(), { send: DONE }] }),
  /** It says nothing after the tokens. */
  silent: ({ tokens }) => ({ steps: [...said(tokens), { hang: true }] }),
  /** It never answers. */
  mute: () => ({ headersAfter: 'never', steps: [] }),
  cut: ({ tokens }) => ({ steps: [...said(tokens), { cut: true }] }),
  error: ({ tokens }) => ({
    steps: [...said(tokens), { send: frame({ error: { message: 'The GPU fell off.' } }) }],
  }),
  /** An error with a code that only this server has. */
  odd: ({ tokens }) => ({
    steps: [
      ...said(tokens),
      { send: frame({ error: { message: 'No.', code: `gpu_${tokens}_is_tired` } }) },
    ],
  }),
  missing: () => refused(404, { message: 'There is no model "m".', code: 'model_not_found' }),
  unknown: () => refused(404, { message: 'There is no such model.', code: 'model_not_found' }),
  limited: () => refused(429, { message: 'Too many.', code: 'rate_limit_exceeded' }, '60'),
  broken: () => refused(500, { message: 'Out of memory.' }),
} satisfies Record<string, (given: Given) => Script>

interface Given {
  tokens: number
}

export type Scenario = keyof typeof SCENARIOS

export const scenarioScript: Answering = ({ messages }) => {
  const [, name, tokens] = /scenario (\w+) (\d+)/.exec(JSON.stringify(messages)) ?? []
  return SCENARIOS[name as Scenario]({ tokens: Number(tokens) })
}

const DONE = 'data: [DONE]\n\n'

function chunk(delta: object, more: object = {}, id = 'chatcmpl-s') {
  const choices = [{ index: 0, delta, finish_reason: null, ...more }]
  const head = { id, object: 'chat.completion.chunk', created: 1_790_000_000, model: 'm' }
  return { ...head, choices }
}

function said(count: number, id: (index: number) => string = () => 'chatcmpl-s') {
  return Array.from({ length: count }, (_, index) => {
    return { chunk: chunk({ role: 'assistant', content: 'tok' }, {}, id(index)) }
  })
}

const finish = () => ({ chunk: chunk({}, { finish_reason: 'stop' }) })

function ending(count: number) {
  const usage = { prompt_tokens: 3, completion_tokens: count, total_tokens: count + 3 }
  return [finish(), { chunk: { ...chunk({}), choices: [], usage } }, { send: DONE }]
}

function refused(status: number, error: object, retryAfter?: string): Script {
  const wait: Record<string, string> = retryAfter ? { 'retry-after': retryAfter } : {}
  return {
    status,
    headers: { 'content-type': 'application/json', ...wait },
    steps: [{ send: JSON.stringify({ error }) }],
  }
}
