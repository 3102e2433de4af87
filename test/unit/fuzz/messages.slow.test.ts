import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createHostedHandler } from '../../../src/handler.ts'
import { readMessages } from '../../support/message-stream.ts'
import { mutate, mutation } from '../../support/mutate.ts'

const { fetch, drain } = createHostedHandler(
  { discover: false, staticDelay: 0, maxBody: 20_000, bodyTimeout: 2_000 },
  { exposure: 'machine' },
)

const image = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AAAA' } }
const VALID = {
  model: 'static',
  max_tokens: 5,
  system: [{ type: 'text', text: 'Be brief.' }],
  messages: [
    { role: 'user', content: [{ type: 'text', text: 'Hi' }, image] },
    {
      role: 'assistant',
      content: [
        { type: 'thinking', thinking: 'Hm.', signature: '' },
        { type: 'tool_use', id: 'a', name: 'f', input: { x: 1 } },
      ],
    },
    {
      role: 'user',
      content: [
        { type: 'tool_result', tool_use_id: 'a', content: [{ type: 'text', text: '1' }] },
        { type: 'document', source: { type: 'text', data: 'x' }, title: 'T' },
      ],
    },
  ],
  tools: [{ name: 'f', input_schema: { type: 'object' } }],
  tool_choice: { type: 'auto', disable_parallel_tool_use: true },
  thinking: { type: 'enabled', budget_tokens: 2_000 },
  output_config: { effort: 'low' },
  stop_sequences: ['x'],
  temperature: 1,
  metadata: { user_id: 'u' },
  stream: true,
}

/** An answer that is right, or an error in the shape of the API. */
async function expectSane(path: string, body: unknown): Promise<void> {
  const request = new Request(`http://sluice${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body) ?? '',
  })
  const response = await fetch(request)
  const text = await response.text()
  expect(response.status, text).toBeLessThan(500)
  const type = response.headers.get('content-type') ?? ''
  if (type.startsWith('text/event-stream')) {
    expect(readMessages(text)).toMatchObject({ problems: [], outcome: 'finished' })
  } else if (response.status < 400) JSON.parse(text)
  else {
    const id = response.headers.get('request-id')
    expect(JSON.parse(text)).toMatchObject({
      type: 'error',
      error: {
        type: expect.stringMatching(/_error$|_large$/),
        message: expect.stringMatching(/\S/),
      },
      request_id: id,
    })
  }
}

describe('whatever is asked, the answer is right or an error in its shape', () => {
  it.each(['/v1/messages', '/v1/messages/count_tokens'])('with any JSON: %s', async (path) => {
    const property = fc.asyncProperty(fc.jsonValue({ maxDepth: 6 }), (body) =>
      expectSane(path, body),
    )
    await fc.assert(property, { numRuns: 300 })
  })

  it.each(['/v1/messages', '/v1/messages/count_tokens'])(
    'with what was a valid request: %s',
    async (path) => {
      const mutations = fc.array(mutation, { minLength: 0, maxLength: 3 })
      const property = fc.asyncProperty(mutations, (each) => expectSane(path, mutate(VALID, each)))
      await fc.assert(property, { numRuns: 600 })
    },
  )
})

it('is refused in that shape while the server shuts down', async () => {
  await drain(0)
  const asked = (path: string) =>
    fetch(new Request(`http://sluice${path}`, { headers: { 'anthropic-version': '2023-06-01' } }))
  for (const path of ['/v1/models', '/v1/messages']) {
    const response = await asked(path)
    expect(response.status).toBe(503)
    expect(response.headers.get('retry-after')).toBe('5')
    expect(await response.json()).toMatchObject({
      type: 'error',
      error: { type: 'overloaded_error' },
      request_id: response.headers.get('request-id'),
    })
  }
  const other = await fetch(new Request('http://sluice/v1/chat/completions', { method: 'POST' }))
  expect(await other.json()).toMatchObject({ error: { code: 'shutting_down' } })
})
