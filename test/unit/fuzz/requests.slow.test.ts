import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createHostedHandler } from '../../../src/handler.ts'
import type { LogEntry } from '../../../src/platform/log.ts'
import { mutate, mutation } from '../../support/mutate.ts'
import { expectErrorShape } from '../../support/refusal.ts'

const log: LogEntry[] = []
const { fetch } = createHostedHandler(
  { discover: false, staticDelay: 0, maxBody: 20_000, bodyTimeout: 2_000 },
  { exposure: 'machine', log: (entry) => log.push(entry) },
)
const RUNS = { numRuns: 300 }
const CHAT = '/v1/chat/completions'
const VALID = {
  model: 'static',
  messages: [
    { role: 'system', content: 'Be brief.' },
    { role: 'user', content: [{ type: 'text', text: 'Hi' }] },
    {
      role: 'assistant',
      content: null,
      tool_calls: [{ id: 'a', type: 'function', function: { name: 'f', arguments: '{}' } }],
    },
    { role: 'tool', tool_call_id: 'a', content: '1' },
  ],
  stream: true,
  stream_options: { include_usage: true },
  tools: [{ type: 'function', function: { name: 'f', parameters: { type: 'object' } } }],
  temperature: 1,
  max_tokens: 5,
  stop: ['x'],
  response_format: { type: 'json_object' },
}

const VALID_BY_PATH = {
  [CHAT]: VALID,
  '/v1/completions': {
    ...{ model: 'static', prompt: ['a', [1, 2]], n: 2, best_of: 2, echo: false, stream: true },
    ...{
      stream_options: { include_usage: true },
      stop: ['x'],
      max_tokens: 5,
      logit_bias: { 1: 1 },
    },
  },
  '/v1/embeddings': { model: 'static', input: ['a', 'b'], dimensions: 4 },
}
const PATHS = Object.keys(VALID_BY_PATH) as (keyof typeof VALID_BY_PATH)[]

/** An answer that is right, or an error in its shape; soon, and never a fault of sluice's. */
async function expectSane(request: Request): Promise<void> {
  const late = AbortSignal.timeout(5_000)
  const lateness = new Promise<never>((_, reject) => {
    late.addEventListener('abort', () => reject(new Error(`No answer: ${request.url}`)))
  })
  const response = await Promise.race([fetch(request), lateness])
  const text = await Promise.race([response.text(), lateness])
  expect(response.status, text).toBeLessThan(500)
  if (response.status >= 400) expectErrorShape(response, text)
  const type = response.headers.get('content-type') ?? ''
  if (type.startsWith('text/event-stream')) expect(text.endsWith('data: [DONE]\n\n')).toBe(true)
  else if (type.startsWith('application/json')) JSON.parse(text)
}

function post(
  body: NonNullable<RequestInit['body']>,
  headers: Record<string, string> = {},
  path = CHAT,
): Request {
  const all = { 'content-type': 'application/json', ...headers }
  return new Request(`http://sluice${path}`, { method: 'POST', headers: all, body })
}

describe('whatever is asked, the answer is right or an error in its shape', () => {
  it.each(PATHS)('with any JSON: %s', async (path) => {
    const property = fc.asyncProperty(fc.jsonValue({ maxDepth: 6 }), (body) =>
      expectSane(post(JSON.stringify(body), {}, path)),
    )
    await fc.assert(property, RUNS)
  })

  it.each(PATHS)('with what was a valid request: %s', async (path) => {
    const mutations = fc.array(mutation, { minLength: 1, maxLength: 4 })
    const valid = VALID_BY_PATH[path]
    const property = fc.asyncProperty(mutations, (each) =>
      expectSane(post(JSON.stringify(mutate(valid, each)) ?? '', {}, path)),
    )
    await fc.assert(property, { numRuns: 600 })
  })

  it('with any bytes, in any pieces', async () => {
    const pieces = fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 5 })
    const property = fc.asyncProperty(pieces, fc.nat(200), (parts, at) => {
      const valid = new TextEncoder().encode(JSON.stringify(VALID))
      const whole = Buffer.concat([valid.slice(0, at), ...parts, valid.slice(at)])
      return expectSane(post(new Uint8Array(whole)))
    })
    await fc.assert(property, RUNS)
  })

  it('with any headers', async () => {
    const text = fc.string({ unit: fc.constantFrom(...'abz019 ,;=/*"\\-_.:é\t') })
    const name = fc.constantFrom(
      ...['content-type', 'accept', 'authorization', 'origin', 'content-encoding', 'range'],
      ...['content-length', 'transfer-encoding', 'x-request-id', 'cookie', 'host', 'expect'],
      ...['access-control-request-method', 'access-control-request-headers', 'if-none-match'],
    )
    const property = fc.asyncProperty(fc.dictionary(name, text), (headers) =>
      expectSane(post(JSON.stringify(VALID), headers)),
    )
    await fc.assert(property, RUNS)
  })

  it('at any path, by any method', async () => {
    const part = fc.oneof(
      fc.constantFrom(
        ...['v1', 'chat', 'completions', 'models', 'health', 'status', 'embeddings', 'assets'],
        ...['..', '.', '', '%', '%2e%2e', '%00', '%ff', '%2F', '*', ':id', '?', '#', '__proto__'],
      ),
      fc.string({ unit: 'grapheme', maxLength: 12 }),
    )
    const path = fc.array(part, { maxLength: 6 }).map((parts) => `/${parts.join('/')}`)
    const method = fc.constantFrom('GET', 'POST', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'QUERY')
    const property = fc.asyncProperty(path, method, async (where, how) => {
      const url = URL.parse(`http://sluice${where}`)
      if (url === null) return
      const request = new Request(url, { method: how })
      if (how !== 'HEAD') return expectSane(request)
      expect((await fetch(request)).status).toBeLessThan(500)
    })
    await fc.assert(property, { numRuns: 1_000 })
  })

  it('and each has its line in the log', () => {
    expect(new Set(log.map(({ id }) => id)).size).toBe(log.length)
    expect(log.filter(({ status }) => status >= 500)).toEqual([])
  })
})
