import fc from 'fast-check'
import { expect, it } from 'vitest'
import { parseChatRequest } from '../../../../src/wire/chat/request.ts'
import { ApiError, badRequest } from '../../../../src/wire/errors/api-error.ts'
import { errorLogFields } from '../../../../src/wire/errors/log-fields.ts'

it.each([
  [
    'a: expected "x", "y" or an object, got "z" (string).',
    'a',
    'a: expected "x", "y" or an object',
  ],
  [
    'model: no engine serves "secret \\" words"; try "m".',
    'model',
    'model: no engine serves "…"; try "…".',
  ],
  ['body: expected JSON, got text that does not parse.', null, 'body: expected JSON'],
  [
    'm["secret, got x"]: expected a string, got 1.',
    'm["secret, got x"]',
    'm["…"]: expected a string',
  ],
  ['m["a: expected b"]: expected a string.', 'm["a: expected b"]', 'm["…"]: expected a string.'],
  [
    'key: this key is disabled; ask the operator for another one.',
    null,
    'key: this key is disabled; ask the operator for another one.',
  ],
  ['x'.repeat(300), null, `${'x'.repeat(200)}…`],
])('%s', (message, param, told) => {
  expect(errorLogFields(badRequest(message, param)).message).toBe(told)
})

it.each([
  ['messages[0].content', 'messages[0].content'],
  ['metadata["my secret"]', 'metadata["…"]'],
  ['metadata.secret', 'metadata["…"]'],
  ['tools[0]["my secret"].type', 'tools[0]["…"].type'],
  ['anything an upstream says', undefined],
  ['x'.repeat(81), undefined],
  [null, undefined],
])('names the field %s as %s', (param, told) => {
  expect(errorLogFields(badRequest('no', param)).param).toBe(told)
})

it('tells nothing of a failure, and of an upstream only the field', () => {
  expect(errorLogFields(new ApiError(502, 'gpu said: secret', { param: 'model' }))).toEqual({})
  const refused = new ApiError(400, 'secret is no model', { param: 'model', evidence: 'answered' })
  expect(errorLogFields(refused)).toEqual({ param: 'model' })
})

it('tells why sluice itself refuses, whatever the status, but not if an engine was asked', () => {
  const message = 'The engine is busy and its queue is full: 3 requests are waiting.'
  const full = new ApiError(503, message, { code: 'engine_busy' })
  expect(errorLogFields(full)).toEqual({ message })
  // One in code may have made it, of a prompt.
  expect(errorLogFields(full, true)).toEqual({})
  expect(errorLogFields(new ApiError(503, 'secret', { code: 'engine_error' }))).toEqual({})
  const relayed = { code: 'engine_busy', evidence: 'answered' } as const
  expect(errorLogFields(new ApiError(503, 'secret', relayed))).toEqual({})
})

it('tells nothing of what a request holds, wherever it is wrong', () => {
  const secret = fc.constantFrom(
    'SECRET',
    'SECRET" and, got "more',
    'SECRET: expected \\',
    'SECRET\n',
  )
  const place = fc.constantFrom('role', 'content', 'name', 'temperature', 'stop', 'tool_calls', 'n')
  fc.assert(
    fc.property(secret, place, fc.boolean(), (value, field, isDeep) => {
      const message = {
        role: 'user',
        content: 'Hi',
        ...(isDeep && { [field]: [{ [value]: value }] }),
      }
      const body = {
        model: 'm',
        messages: [message],
        metadata: { [value]: isDeep ? value : { [value]: 1 } },
        ...(!isDeep && { [field]: value }),
        response_format: { type: value },
      }
      try {
        parseChatRequest(body)
      } catch (error) {
        expect(JSON.stringify(errorLogFields(error as ApiError))).not.toContain('SECRET')
      }
    }),
  )
})
