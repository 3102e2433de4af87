import { expect, it } from 'vitest'
import { type Blame, blameOf, failureKind } from '../../../../src/engines/pool/failure-kind.ts'
import { packError, unpackError } from '../../../../src/engines/remote/protocol.ts'
import { readJson } from '../../../../src/engines/upstream/json-body.ts'
import { refusal } from '../../../../src/engines/upstream/refusal.ts'
import { unreachable } from '../../../../src/engines/upstream/unreachable.ts'
import {
  InvalidResponse,
  StaleConnection,
  Unanswered,
  Unsendable,
} from '../../../../src/platform/fetch.ts'
import { ApiError, badRequest } from '../../../../src/wire/errors/api-error.ts'
import { EngineErrors } from '../../../../src/wire/errors/engine-errors.ts'

const errors = new EngineErrors({ label: 'gpu' })
const late = (code: string) => new ApiError(504, 'gpu was late', { code })

const CASES: Record<string, [unknown, Blame]> = {
  'an exception of ours': [new TypeError('oh'), 'nobody'],
  'a request that could not be sent': [unreachable('gpu', new Unsendable('no header')), 'nobody'],
  'our own refusal': [badRequest('model: expected another', 'model'), 'nobody'],
  'a server that ends': [new ApiError(503, 'bye', { code: 'shutting_down' }), 'nobody'],
  'a connection that is refused': [unreachable('gpu', new Error('ECONNREFUSED')), 'engine'],
  'a connection that is closed without an answer': [
    unreachable('gpu', new Unanswered('closed')),
    'answer',
  ],
  'a connection that was stale': [unreachable('gpu', new StaleConnection('closed')), 'nobody'],
  'an answer that is no HTTP': [unreachable('gpu', new InvalidResponse('expected HTTP')), 'answer'],
  'an answer that is no HTTP, which speaks of a long prompt': [
    unreachable('gpu', new InvalidResponse('expected HTTP, got "maximum context length"')),
    'answer',
  ],
  'a stream that breaks off': [errors.unfinished('truncated', 'broke off'), 'answer'],
  'no answer in time': [late('answer_timeout'), 'answer'],
  'no token in time': [late('first_token_timeout'), 'answer'],
  'a pause that is too long': [late('token_timeout'), 'answer'],
  'an attempt that is given up': [late('attempt_timeout'), 'answer'],
  'an error frame': [errors.failed({ message: 'CUDA out of memory' }), 'answer'],
  'bytes that are no chat': [errors.invalid('sent no chat'), 'answer'],
  'a finish that is missing': [errors.unfinished('incomplete', 'sent [DONE]'), 'answer'],
  'an engine that aborts': [errors.badFinish({ kind: 'abort' }), 'answer'],
  'a frame that tells of a long prompt': [
    errors.failed({ message: 'the request exceeds the available context size' }),
    'request',
  ],
  'a frame that tells of an image': [
    errors.failed({ message: 'image input is not supported - hint: provide the mmproj' }),
    'request',
  ],
}

it.each(Object.entries(CASES))('%s', (_, [error, blame]) => expect(blameOf(error)).toBe(blame))

it.each([
  [400, 'request'],
  [404, 'request'],
  [429, 'request'],
  [500, 'answer'],
  [501, 'request'],
  [503, 'answer'],
] as const)('an upstream that answers %i', async (status, blame) => {
  const error = await refusal(new Response('{"error":"no"}', { status }), 'gpu', [])
  expect(blameOf(error)).toBe(blame)
})

it('an upstream whose code says that something was lost has answered all the same', async () => {
  const body = JSON.stringify({ error: { message: 'no', code: 'backend_timeout' } })
  const error = await refusal(new Response(body, { status: 504 }), 'gpu', [])
  expect(error.code).toBe('backend_timeout')
  expect(blameOf(error)).toBe('answer')
})

it('a whole answer that breaks off', async () => {
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull: (control) => control.error(new Error('the connection broke off')),
  })
  const error = await readJson(new Response(body), 'gpu').catch((thrown: unknown) => thrown)
  expect(blameOf(error)).toBe('answer')
})

it.each([
  'image input is not supported - hint: if this is unexpected, you may need to provide the mmproj',
  'audio input is not supported - hint: if this is unexpected, you may need to provide the mmproj',
  'input is too large to process. increase the physical batch size',
  'input (842 tokens) is too large to process. increase the physical batch size',
  'Failed to load image or audio file',
  'Invalid url value',
  '"prompt" must not be empty',
  'Only no echo is supported',
])('llama-server refuses by a 500, and another engine may take it: %s', async (message) => {
  const body = JSON.stringify({ error: { code: 500, message, type: 'server_error' } })
  const error = await refusal(new Response(body, { status: 500 }), 'gpu', [])
  expect(error).toMatchObject({ status: 400, type: 'invalid_request_error', message })
  expect(blameOf(error)).toBe('request')
  expect(failureKind(error)).toBe('missing')
})

it('what an error shows of an engine is kept on the way from a page', async () => {
  const error = await refusal(new Response('{"error":"no"}', { status: 404 }), 'gpu', [])
  expect(unpackError(packError(error)).evidence).toBe('answered')
  expect(unpackError(packError(badRequest('no'))).evidence).toBeUndefined()
})
