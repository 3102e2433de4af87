import { errorScript } from '../support/personas/errors.ts'
import type { Script } from '../support/script.ts'

export const M = { model: 'm' }

/** What an upstream may do instead of a first chunk, and the code of that. */
export const FAILURES: Record<string, { script: Script; failure: string }> = {
  'answers 500': { script: errorScript('message_only'), failure: 'a 500' },
  'answers 503 while it loads': {
    script: errorScript('llama_server_loading'),
    failure: 'a model_loading',
  },
  'answers 429': { script: errorScript('openai_rate'), failure: 'a rate_limit_exceeded' },
  'has lost the model': { script: errorScript('openai_model'), failure: 'a model_not_found' },
  'resets the connection before headers': {
    script: { headersAfter: 50, steps: [{ reset: true }] },
    failure: '',
  },
  'breaks off after headers': {
    script: { steps: [{ wait: 50 }, { cut: true }] },
    failure: 'a upstream_truncated',
  },
  'ends without a word': { script: { steps: [] }, failure: 'a upstream_truncated' },
  'sends half a frame': {
    script: { steps: [{ send: 'data: {"id":"chatcmpl-1","cho' }, { cut: true }] },
    failure: 'a upstream_truncated',
  },
  'sends no frame of chat': {
    script: { steps: [{ send: 'data: {]\n\n' }] },
    failure: 'a upstream_invalid',
  },
  'says at once that it failed': {
    script: { steps: [{ send: 'data: {"error":{"message":"out of memory"}}\n\n' }] },
    failure: 'a upstream_error',
  },
  'is silent before headers': {
    script: { headersAfter: 'never', steps: [] },
    failure: 'a attempt_timeout',
  },
  'is silent after headers': {
    script: { steps: [{ hang: true }] },
    failure: 'a attempt_timeout',
  },
}

/** Where a silent upstream is given up soon. */
export const fast = { flags: ['--attempt-timeout', '300ms'] }

export const bare = { script: undefined } as object

export const COMPLETION = JSON.stringify({
  id: 'c',
  object: 'chat.completion',
  created: 1_790_000_000,
  model: 'm',
  choices: [
    {
      index: 0,
      message: { role: 'assistant', content: 'Hi.' },
      finish_reason: 'stop',
      logprobs: null,
    },
  ],
})

export function whole(send: string, isCut = false): Script {
  const steps = [{ send }, ...(isCut ? [{ wait: 50 }, { cut: true as const }] : [])]
  return { headers: { 'content-type': 'application/json' }, steps }
}
