import { expect, it } from 'vitest'
import { failureKind, retryAfterMs } from '../../../../src/engines/pool/failure-kind.ts'
import { refusal } from '../../../../src/engines/upstream/refusal.ts'
import { ApiError } from '../../../../src/wire/errors/api-error.ts'
import { EngineErrors } from '../../../../src/wire/errors/engine-errors.ts'
import { ERROR_ANSWERS, type ErrorName } from '../../../support/personas/errors.ts'

/** What each real server's answer means. */
const VERDICTS: Record<ErrorName, string> = {
  openai_not_json: 'refused',
  openai_model: 'missing',
  openai_field: 'refused',
  openai_context: 'overflow',
  openai_rate: 'busy',
  openai_key: 'refused',
  azure_filter: 'refused',
  azure_deployment: 'missing',
  ollama_model: 'missing',
  ollama_field: 'refused',
  ollama_busy: 'broken',
  vllm_old_model: 'missing',
  vllm_model: 'missing',
  vllm_field: 'refused',
  vllm_context: 'overflow',
  llama_server_field: 'refused',
  llama_server_loading: 'busy',
  llama_server_context: 'overflow',
  lm_studio_string: 'refused',
  lm_studio_model: 'missing',
  sglang_model: 'missing',
  sglang_field: 'refused',
  sglang_context: 'overflow',
  fastapi_detail: 'missing',
  fastapi_validation: 'refused',
  message_only: 'broken',
  bare_string: 'broken',
  json_string: 'broken',
  html_page: 'broken',
  empty_body: 'broken',
}

it.each(Object.entries(VERDICTS))('%s is %s', async (name, verdict) => {
  const { status, body, headers } = ERROR_ANSWERS[name as ErrorName] as {
    status: number
    body: object | string
    headers?: Record<string, string>
  }
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const response = new Response(text, { status, ...(headers && { headers }) })
  expect(failureKind(await refusal(response, 'gpu', []))).toBe(verdict)
})

it.each([
  "The input (5000 tokens) is longer than the model's context length (4096 tokens).",
  'Trying to keep the first 5000 tokens when context the overflows.',
  'Prompt tokens exceed context window size: 5000 > 4096',
])('%s means that the request is too long', (message) => {
  expect(failureKind(new ApiError(400, message))).toBe('overflow')
})

it('a stream that says so in its first frame means the same', () => {
  const errors = new EngineErrors({ label: 'gpu' })
  const message = 'the request exceeds the available context size, try increasing it'
  expect(failureKind(errors.failed({ message, type: 'exceed_context_size_error' }))).toBe(
    'overflow',
  )
  expect(failureKind(errors.failed({ message }))).toBe('overflow')
  expect(failureKind(errors.failed({ message: 'out of memory' }))).toBe('broken')
})

it('blames no engine for what sluice did wrong', () => {
  expect(failureKind(new TypeError('oh'))).toBe('refused')
})

it.each([
  ['3', 3_000],
  ['0.5', 500],
  ['Thu, 01 Jan 1970 00:00:10 GMT', 4_000],
  ['Thu, 01 Jan 1970 00:00:01 GMT', 0],
  ['soon', undefined],
])('reads retry-after: %s', (given, ms) => {
  const error = new ApiError(429, 'busy', { headers: { 'retry-after': given } })
  expect(retryAfterMs(error, 6_000)).toBe(ms)
})
