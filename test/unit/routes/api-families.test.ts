import { describe, expect, it } from 'vitest'
import { hashKey } from '../../../src/guard/keys.ts'
import { createHandler } from '../../../src/handler.ts'
import { familyOf, openai } from '../../../src/routes/api.ts'
import { allFamilies, anthropic, ollama } from '../../../src/routes/families.ts'
import { internalErrorResponse, logInternalError } from '../../../src/routes/internal-error.ts'

const origin = 'http://sluice.example'
const version = { 'anthropic-version': '2023-06-01' }
const key = 'sk-sluice-a-key-that-is-long-enough'
const withKeys = createHandler({ keys: [{ name: 'ann', hash: await hashKey(key) }] })
const open = createHandler({ insecure: true })

describe('the family of a request', () => {
  it.each([
    ['/v1/chat/completions', {}, 'openai'],
    ['/v1/chat/completions', version, 'openai'],
    ['/v1/models', {}, 'openai'],
    ['/v1/models/org/model', version, 'anthropic'],
    ['/v1/modelsx', version, 'openai'],
    ['/v1/messages', {}, 'anthropic'],
    ['/v1/messages/count_tokens', {}, 'anthropic'],
    ['/v1/messagesx', {}, 'openai'],
    ['/api/chat', {}, 'ollama'],
    ['/api/chat', version, 'ollama'],
    ['/api', {}, 'ollama'],
    ['/apix', {}, 'openai'],
    ['/', {}, 'openai'],
    [undefined, version, 'openai'],
  ])('%s with %j', (path, headers, family) => {
    expect(familyOf(path, new Headers(headers), allFamilies).name).toBe(family)
    expect(familyOf(path, new Headers(headers), [])).toBe(openai)
  })
})

describe("errors of Ollama's API", () => {
  it('are a text, with a true status', async () => {
    const response = await open.fetch(new Request(`${origin}/api/nothing`))
    expect(response.status).toBe(404)
    expect(response.headers.get('x-request-id')).toMatch(/^[\w-]{36}$/)
    expect(response.headers.has('request-id')).toBe(false)
    const body = await response.json()
    expect(body).toEqual({ error: expect.stringContaining('no route GET /api/nothing') })
  })

  it('do not tell without a key which routes there are', async () => {
    for (const method of ['GET', 'POST', 'DELETE', 'HEAD']) {
      const response = await withKeys.fetch(new Request(`${origin}/api/nothing`, { method }))
      expect(response.status, method).toBe(401)
    }
    const headers = { authorization: `Bearer ${key}` }
    const known = await withKeys.fetch(new Request(`${origin}/api/nothing`, { headers }))
    expect(known.status).toBe(404)
  })

  it('are internal ones in the same shape', async () => {
    const expected = { error: expect.stringContaining('internal error') }
    expect(await internalErrorResponse(ollama, 'id').json()).toEqual(expected)
    const { error } = console
    console.error = () => {}
    const request = new Request(`${origin}/api/chat?x`)
    expect(await logInternalError(request, new Error('x'), allFamilies).json()).toEqual(expected)
    console.error = error
  })
})

it("gives Anthropic's SDK the request's id in its own header", () => {
  expect(internalErrorResponse(anthropic, 'id').headers.get('request-id')).toBe('id')
  expect(internalErrorResponse(openai, 'id').headers.has('request-id')).toBe(false)
})
