import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createHandler, type Handler } from '../../../src/index.ts'

/** What an upstream was sent, as text. */
const sent: string[] = []
let handler: Handler

beforeAll(() => {
  handler = createHandler({
    upstream: [{ url: 'http://gpu.test/v1', nativeApis: ['messages', 'responses'] }],
    insecure: true,
    fetch: async (url, init) => {
      if (url.endsWith('/models')) return Response.json({ data: [{ id: 'm' }] })
      sent.push(String(init?.body))
      return Response.json({ error: { message: 'no' } }, { status: 400 })
    },
  })
})
afterAll(() => handler.drain(0))

const TOOL =
  '{"type":"function","type":"function","name":"a","name":"b","function":{"name":"a","name":"b"}}'
const MESSAGE =
  '{"role":"system","role":"user","content":"first","content":"last","content":"last"}'

const BODIES: [path: string, body: string][] = [
  [
    'chat/completions',
    `{"model":"m","messages":[${MESSAGE}],"tools":[${TOOL}],"stream_options":{"include_usage":true,"include_usage":false},"stream":true,"own":{"a":12345678901234567890,"a":98765432109876543210,"b":{"c":1,"c":11111111111111111111}}}`,
  ],
  [
    'messages',
    `{"model":"m","max_tokens":5,"messages":[${MESSAGE}],"tools":[${TOOL}],"metadata":{"user_id":"a","user_id":"b"},"own":{"a":12345678901234567890,"a":98765432109876543210}}`,
  ],
  [
    'responses',
    `{"model":"m","input":[${MESSAGE}],"tools":[${TOOL}],"own":{"a":1,"a":12345678901234567890}}`,
  ],
  ['completions', '{"model":"m","prompt":"a","own":{"a":1,"a":2,"__proto__":1,"__proto__":2}}'],
  ['embeddings', '{"model":"m","input":"a","own":{"a":1,"a":2}}'],
]

describe('keys that come twice below the top level', () => {
  it.each(BODIES)(
    'reach the upstream once, with the value that was checked: %s',
    async (path, body) => {
      sent.length = 0
      await handler.fetch(
        new Request(`http://localhost/v1/${path}`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body,
        }),
      )
      const [raw = ''] = sent
      expect(raw).not.toBe('')
      // What is written anew has each key once.
      expect(keysOf(raw)).toEqual(keysOf(JSON.stringify(JSON.parse(raw))))
      const read = JSON.parse(raw) as { messages?: object[]; tools?: object[] }
      if (read.messages) expect(read.messages).toMatchObject([{ role: 'user', content: 'last' }])
      if (read.tools && path !== 'messages') expect(JSON.stringify(read.tools)).not.toContain('"a"')
      // Integers beyond 2^53 are those of the last key, too.
      const own = /"own":(\{.*?\})/.exec(raw)?.[1]
      const last = /"a":(\d+)(?![\s\S]*"a":\d)/.exec(body)?.[1]
      if (own !== undefined) expect(own).toContain(`"a":${last}`)
      expect(own ?? '').not.toContain('"a":1,')
    },
  )
})

/** Every key and bracket, in order. */
function keysOf(json: string): string[] {
  return json.match(/"(?:[^"\\]|\\.)*":|[{}[\]]/g) ?? []
}
