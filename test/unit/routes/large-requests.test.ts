import { describe, expect, it, vi } from 'vitest'
import { createHostedHandler } from '../../../src/handler.ts'
import type { Fetched, FetchInit } from '../../../src/platform/fetch.ts'

const LONG = 'A long text. '.repeat(2_000)
const chunk = {
  ...{ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'own' },
  choices: [{ index: 0, delta: { content: 'word' }, finish_reason: 'stop' }],
}
const CHAT = `data: ${JSON.stringify(chunk)}\n\ndata: [DONE]\n\n`
const message = { id: 'm', type: 'message', role: 'assistant', model: 'own', content: [] }
const MESSAGES = [{ type: 'message_start', message }, { type: 'message_stop' }]
  .map((data) => `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`)
  .join('')

/** A handler, and what its upstream gets. `refuses`: with what it is answered first. */
function relay({ refuses = 0, nativeApis = ['messages'] as ('messages' | 'responses')[] } = {}) {
  const sent: string[] = []
  let left = refuses
  const fetch = async (url: string, { body }: FetchInit) => {
    if (body === undefined)
      return fetched(Response.json({ data: [{ id: 'own', object: 'model' }] }))
    sent.push(typeof body === 'string' ? body : new TextDecoder().decode(body))
    if (left-- > 0) return fetched(Response.json({ error: { message: 'no' } }, { status: 400 }))
    const headers = { 'content-type': 'text/event-stream' }
    return fetched(new Response(/\/messages$/.test(url) ? MESSAGES : CHAT, { headers }))
  }
  const rewrite = { m: 'own' }
  const { fetch: ask } = createHostedHandler(
    {
      upstream: [{ label: 'gpu', url: 'http://127.0.0.1:9/v1', nativeApis, rewrite }],
      ...{ discover: false, systemMessages: 'merge' },
    },
    { exposure: 'machine', fetch },
  )
  const post = async (path: string, body: string) => {
    const headers = { host: 'localhost', 'content-type': 'application/json' }
    const response = await ask(
      new Request(`http://localhost${path}`, { method: 'POST', headers, body }),
    )
    return { status: response.status, text: await response.text() }
  }
  return { sent, post }
}

function fetched({ status, ok, headers, body }: Response): Fetched {
  return { status, ok, headers, body } as Fetched
}

const MESSAGE = `{ "role":"user", "content":"\\u0041 ${LONG}" }`

describe('a large request reaches its upstream as it came', () => {
  it('except for the name of its model and what asks for usage', async () => {
    const { sent, post } = relay()
    const body = (model: string) =>
      `{"model":"${model}", "messages": [${MESSAGE}],"stream":true,"t":1, "seed":18446744073709551615`
    expect((await post('/v1/chat/completions', ` ${body('m')}\n}`)).status).toBe(200)
    expect(sent).toEqual([`${body('own')}\n,"stream_options":{"include_usage":true}}`])
  })

  it('again where a part of it is refused', async () => {
    const { sent, post } = relay({ refuses: 1 })
    const body = `{"messages":[${MESSAGE}],"stream":true,"model":"own"}`
    expect((await post('/v1/chat/completions', body)).status).toBe(200)
    expect(sent).toEqual([body.replace(/\}$/, ',"stream_options":{"include_usage":true}}'), body])
  })

  it('in an API of its own', async () => {
    const { sent, post } = relay()
    const body = `{"max_tokens":9,"messages":[${MESSAGE}],"stream":true,"model":"own","temperature":0.5}`
    expect((await post('/v1/messages', body)).status).toBe(200)
    expect(sent).toEqual([body])
  })

  it('with the messages that stay among those that are merged', async () => {
    const { sent, post } = relay()
    const body = (role: string) =>
      `{"messages":[{"role":"${role}","content":"s"}, {"role":"user", "content":"a"}, ${MESSAGE}],"model":"own"}`
    await post('/v1/chat/completions', body('developer'))
    expect(sent).toEqual([body('system')])
  })

  it('but with the last of equal keys within it', async () => {
    const { sent, post } = relay()
    const body = (role: string) => `{"messages":[{${role}"content":"${LONG}"}],"model":"own"}`
    await post('/v1/chat/completions', body('"role":"system","role":"user",'))
    expect(sent).toEqual([body('"role":"user",')])
  })
})

/** Whatever was sent on would differ from what was checked. */
it.each([17_000, 300_000])(
  'a long number within %i spaces is no request, rather than no JSON',
  async (count) => {
    const { fetch } = createHostedHandler({ discover: false }, { exposure: 'machine' })
    const response = await fetch(
      new Request('http://localhost/v1/chat/completions', {
        method: 'POST',
        headers: { host: 'localhost', 'content-type': 'application/json' },
        body: `${' '.repeat(count)}12345678901234567890`,
      }),
    )
    expect(response.status).toBe(400)
    expect(await response.text()).toContain('messages: expected an array of messages')
  },
)

describe('nothing changes a parsed request in place', () => {
  const image = { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } }
  const tool = { type: 'function', function: { name: 'f', parameters: { type: 'object' } } }
  const chat = {
    messages: [
      { role: 'developer', content: 'a' },
      { role: 'user', content: [{ type: 'text', text: LONG }, image] },
      { role: 'system', content: 'b' },
    ],
    ...{ model: 'm', stream: true, tools: [tool], stream_options: {} },
    response_format: { type: 'json_schema', schema: { type: 'object' } },
  }
  const call = { type: 'function_call', call_id: 'c', name: 'f', arguments: '{}' }
  const input = [{ role: 'user', content: LONG }, call]
  const own = { name: 'f', input_schema: { type: 'object' } }
  const system = [{ type: 'text', text: 's', cache_control: { type: 'ephemeral' } }]
  const messages = {
    ...{ model: 'm', max_tokens: 9, stream: true, system, tools: [own] },
    messages: [{ role: 'user', content: [{ type: 'text', text: LONG }] }],
  }

  const turns = [
    ...[
      { role: 'assistant', tool_calls: [{ id: 'c', type: 'function', function: { name: 'f' } }] },
    ],
    ...[{ role: 'tool', tool_call_id: 'c', content: [{ type: 'text', text: LONG }, image] }],
  ]
  const source = { type: 'base64', media_type: 'image/png', data: 'AAAA' }
  const results = [
    ...[{ role: 'user', content: LONG }],
    {
      role: 'assistant',
      content: [
        { type: 'thinking', thinking: 'a', signature: '' },
        { type: 'tool_use', id: 'c', name: 'f', input: {} },
      ],
    },
    {
      role: 'user',
      content: [{ type: 'tool_result', tool_use_id: 'c', content: [{ type: 'image', source }] }],
    },
  ]
  const items = [
    ...[...input, { type: 'function_call_output', call_id: 'c', output: LONG }],
    { type: 'reasoning', summary: [], content: [{ type: 'reasoning_text', text: 'a' }] },
    { role: 'developer', content: [{ type: 'input_text', text: 'b' }] },
  ]
  const images = ['iVBORw0KGgoAAAAN']

  it.each<[string, object]>([
    ['/v1/chat/completions', chat],
    ['/v1/chat/completions', { ...chat, messages: [...chat.messages, ...turns], n: 2 }],
    ['/v1/messages', { ...messages, messages: results, thinking: { type: 'disabled' } }],
    ['/v1/messages/count_tokens', { model: 'm', messages: results, tools: [own] }],
    ['/v1/responses', { model: 'm', input: items, client_metadata: {}, stream: true }],
    ['/v1/responses', { model: 'm', input: items, background: true }],
    ['/v1/responses/compact', { model: 'm', input: items }],
    ['/v1/responses/input_tokens', { model: 'm', input: items }],
    ['/v1/embeddings', { model: 'm', input: [LONG], encoding_format: 'base64' }],
    ['/api/embed', { model: 'm', input: [LONG], options: {} }],
    ['/api/generate', { model: 'm', prompt: LONG, images, options: { stop: ['a'] } }],
    ['/api/chat', { model: 'm', messages: [{ role: 'user', content: LONG, images }], think: true }],
    ['/v1/completions', { model: 'm', prompt: [LONG], stream: true, stream_options: {} }],
    ['/v1/messages', messages],
    ['/v1/responses', { model: 'm', input, tools: [{ ...tool.function, type: 'function' }] }],
    ['/v1/responses', { model: 'm', input, stream: true, reasoning: {}, text: {} }],
    ['/api/chat', { model: 'm', messages: [{ role: 'user', content: LONG }], options: {} }],
  ])('of %s', async (path, body) => {
    const { parse } = JSON
    const parsing = vi.spyOn(JSON, 'parse').mockImplementation((text, reviver) => {
      const value: unknown = parse(text, reviver)
      if (text.includes(LONG)) for (const field of Object.values(value as object)) freeze(field)
      return value
    })
    try {
      for (const nativeApis of [[], ['messages', 'responses']] as ('messages' | 'responses')[][]) {
        const { text } = await relay({ nativeApis }).post(path, JSON.stringify(body))
        expect(text).not.toContain('"internal_error"')
      }
      expect(parsing).toHaveBeenCalled()
    } finally {
      parsing.mockRestore()
    }
  })

  function freeze(value: unknown): void {
    if (typeof value !== 'object' || value === null) return
    for (const item of Object.values(value)) freeze(item)
    Object.freeze(value)
  }
})
