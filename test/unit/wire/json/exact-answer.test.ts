import { describe, expect, it } from 'vitest'
import { messagesDialect } from '../../../../src/dialects/messages/dialect.ts'
import { readNative } from '../../../../src/engines/upstream/native-answer.ts'
import { Upstream } from '../../../../src/engines/upstream/upstream.ts'
import type { ChatCompletion } from '../../../../src/wire/chat/request.ts'
import { parseExactText, stringifyExact } from '../../../../src/wire/json/exact-integers.ts'

const never = new AbortController().signal
const headers = { 'content-type': 'application/json' }

function completion(message: object): string {
  const choices = [{ index: 0, message: { role: 'assistant', ...message }, finish_reason: 'stop' }]
  const answer = { id: 'x', object: 'chat.completion', created: 1, model: 'm', choices }
  return JSON.stringify(answer)
}

describe('a whole answer keeps the digits of integers', () => {
  it('in the input of a tool of a message', () => {
    const asked = { model: 'm', max_tokens: 9, messages: [{ role: 'user', content: 'Go.' }] }
    const call = { name: 'find', arguments: '{"tweet_id":1849281726354817263,"n":1e3}' }
    const calls = [{ id: 'c', type: 'function', function: call }]
    const parsed = JSON.parse(completion({ content: null, tool_calls: calls })) as ChatCompletion
    const told = messagesDialect.read(asked, 'id', new Headers()).answer(parsed)
    expect(JSON.stringify(told)).toContain('"input":{"tweet_id":1849281726354817263,"n":1000}')
  })

  it('in a chat that is repaired', async () => {
    const text = completion({ content: 'hi', id: 7 }).replace(
      '"id":7',
      '"trace":-9223372036854775807,"at":[1,18446744073709551615]',
    )
    const sent = text.replace('"created":1,', '"created":1790000000000000123,')
    const upstream = new Upstream({
      url: 'http://127.0.0.1:1/v1',
      label: 'gpu',
      key: undefined,
      fetch: async () => new Response(sent, { headers }),
    })
    const request = { model: 'm', messages: [], stream: false }
    const answer = await upstream.chat(request as never, never)
    if (answer.kind !== 'whole') throw new Error(answer.kind)
    expect(answer.repaired).toContain('created')
    expect(answer.json).toContain('"trace":-9223372036854775807,"at":[1,18446744073709551615]')
    expect(answer.json).toContain('"created":1790000000000000,')
  })

  it('in a native answer that is repaired', async () => {
    const call = {
      body: { stream: false },
      check: (value: { model: string }) => {
        value.model = 'b'
        return { model: 'b', isChanged: true, repaired: [] }
      },
    }
    const sent = '{"model":"a","content":[{"input":{"tweet_id":1849281726354817263}}]}'
    const answer = await readNative(
      new Response(sent, { headers }),
      call as never,
      { label: 'gpu' } as never,
      new AbortController(),
    )
    expect(answer).toMatchObject({ json: sent.replace('"a"', '"b"') })
  })
})

describe('a text written anew', () => {
  it.each<[string, (value: Record<string, unknown>) => void, string]>([
    ['{"a":9007199254740993}', (value) => (value.b = 1), '{"a":9007199254740993,"b":1}'],
    ['{"a":9007199254740993}', (value) => (value.a = 5), '{"a":5}'],
    ['{"a":9007199254740993,"b":1}', (value) => delete value.a, '{"b":1}'],
    ['{"a":[9007199254740993]}', (value) => (value.a = null), '{"a":null}'],
    ['{"__proto__":{"a":9007199254740993}}', () => {}, '{"__proto__":{"a":9007199254740993}}'],
  ])('%s', (text, change, written) => {
    const value = JSON.parse(text) as Record<string, unknown>
    change(value)
    expect(stringifyExact(value, text)).toBe(written)
  })

  it('is still no JSON where it was none', () => {
    for (const text of ['{"a":90071992547409931', '1234567890123456789x', '']) {
      expect(() => parseExactText(text)).toThrow(SyntaxError)
    }
  })
})
