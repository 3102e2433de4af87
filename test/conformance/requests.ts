import { createConnection } from 'node:net'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { needs } from '../support/hosts.ts'
import { rawRequest } from '../support/read.ts'
import { type ApiErrorBody, expectError, expectErrorShape } from '../support/refusal.ts'
import { type HostName, type Server, useServer } from '../support/server.ts'

type Body = NonNullable<RequestInit['body']>

const messages = [{ role: 'user', content: 'Go.' }]
const valid = JSON.stringify({ model: 'static', messages })
const path = '/v1/chat/completions'

/** What the chat refuses, and how; and what it takes although it is strange. */
export function requests(host: HostName): void {
  const server = useServer(host, ['--static-delay', '0'])
  const post = (body: Body | null, headers: Record<string, string> = {}) =>
    fetch(`${server.base}/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body,
    })

  describe('the content type', () => contentTypes(server, post))
  describe('the body', () => bodies(host, server, post))
  describe('the size', () => sizes(host))
  describe('the fields', () => fields(post))
  describe('whatever comes', () => anything(server, post))
}

type Post = (body: Body | null, headers?: Record<string, string>) => Promise<Response>

function contentTypes(server: Server, post: Post): void {
  it.each([
    'application/json',
    'application/json; charset=utf-8',
    'application/json;charset="UTF-8"',
    'APPLICATION/JSON',
    ' application/json ;x=y',
  ])('takes %j', async (type) => {
    const response = await post(valid, { 'content-type': type })
    expect(await response.json()).toMatchObject({ object: 'chat.completion' })
  })

  it.each([
    'text/json',
    'application/jsonx',
    'application/json+x',
    'application/ld+json',
    'text/plain; application/json',
    'text/plain;charset=UTF-8',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'json',
    '*/*',
  ])('refuses %j', async (type) => {
    const error = await expectError(await post(valid, { 'content-type': type }), 415)
    expect(error.type).toBe('invalid_request_error')
    expect(error.message).toContain(type.slice(0, 16))
    expect(error.message).toContain("-H 'content-type: application/json'")
  })

  it('refuses two types in one header', async () => {
    const response = await post(valid, { 'content-type': 'text/plain, application/json' })
    await expectError(response, 415)
  })

  it('refuses a body without a type, as a page of another site could send', async () => {
    const blob = new Blob([valid])
    const response = await fetch(`${server.base}/chat/completions`, { method: 'POST', body: blob })
    const error = await expectError(response, 415)
    expect(error.message).toContain("-H 'content-type: application/json'")
  })

  it('refuses what curl -d sends by itself', async () => {
    const form = { 'content-type': 'application/x-www-form-urlencoded' }
    expect((await expectError(await post('{}', form), 415)).code).toBe('unsupported_media_type')
  })

  it.each(['gzip', 'br', 'GZIP', 'deflate, gzip'])('refuses the encoding %s', async (encoding) => {
    const packed = new Blob([valid]).stream().pipeThrough(new CompressionStream('gzip'))
    const body = await new Response(packed).bytes()
    const error = await expectError(await post(body, { 'content-encoding': encoding }), 415)
    expect(error.message).toContain(encoding)
  })

  it('takes the encoding identity', async () => {
    expect((await post(valid, { 'content-encoding': 'identity' })).status).toBe(200)
  })
}

function bodies(host: HostName, server: Server, post: Post): void {
  it.each([
    ['nothing', ''],
    ['white space', ' \n\t'],
    ['half an object', '{"model": "static", "messages": ['],
    ['a trailing comma', '{"messages": [],}'],
    ['single quotes', "{'model': 'static'}"],
    ['a shell that ate the quotes', '{model: static}'],
    ['two objects', `${valid}${valid}`],
    ['NaN', '{"temperature": NaN}'],
    ['a bare word', 'hello'],
    ['an unpaired brace', '}'],
  ])('refuses %s', async (_, body) => {
    const error = await expectError(await post(body), 400)
    expect(error.message).toMatch(/^body: expected .*JSON/)
  })

  it('refuses no body at all', needs(host, 'sockets'), async () => {
    await expectError(await post(null), 400)
    const response = await rawRequest({
      port: server.port,
      method: 'POST',
      path,
      headers: { 'content-type': 'application/json', connection: 'close' },
    })
    await response.closed
    expect(response.status()).toBe(400)
  })

  it.each([
    ['a lone byte', [0xff]],
    ['an overlong form', [0xc0, 0xaf]],
    ['a surrogate', [0xed, 0xa0, 0x80]],
    ['half a letter', [0xe6, 0xb0]],
  ])('refuses what is not UTF-8: %s', async (_, bytes) => {
    const [before = '', after = ''] = valid.split('Go.')
    const body = Buffer.concat([Buffer.from(before), Buffer.from(bytes), Buffer.from(after)])
    const error = await expectError(await post(body), 400)
    expect(error.message).toContain('UTF-8')
  })

  it('passes over a mark of the byte order', async () => {
    const response = await post(
      Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(valid)]),
    )
    expect(response.status, await response.text()).toBe(200)
  })

  it.each(['null', 'true', '1', '"text"', '[]', `[${valid}]`])(
    'refuses %s for no object',
    async (body) => {
      const error = await expectError(await post(body), 400)
      expect(error.message).toContain('an object')
    },
  )

  it.each([
    ['arrays', '['.repeat(10_000) + ']'.repeat(10_000)],
    ['arrays that never close', '['.repeat(1_000_000)],
    ['objects', `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`],
    [
      'arrays in a field',
      `{"messages":${JSON.stringify(messages)},"x":${'['.repeat(10_000)}${']'.repeat(10_000)}}`,
    ],
  ])('refuses %s nested thousands deep', async (_, body) => {
    const error = await expectError(await post(body), 400)
    expect(error.message).toContain('levels deep')
  })

  it('takes deep but sane nesting, and brackets inside a text', async () => {
    let schema: object = { type: 'string' }
    for (let depth = 0; depth < 20; depth++) schema = { type: 'object', properties: { a: schema } }
    const tools = [{ type: 'function', function: { name: 'f', parameters: schema } }]
    const content = '[{'.repeat(5_000)
    const body = { model: 'static', messages: [{ role: 'user', content }], tools }
    expect((await post(JSON.stringify(body))).status).toBe(200)
  })

  it('takes a body that comes a few bytes at a time', needs(host, 'sockets'), async () => {
    const response = await rawRequest({
      port: server.port,
      path,
      headers: { connection: 'close' },
      body: valid,
      slowly: { bytes: 20, every: 3 },
    })
    await response.closed
    expect(response.status()).toBe(200)
  })
}

function sizes(host: HostName): void {
  const small = useServer(host, ['--static-delay', '0', '--max-body', '10kB'])
  const large = useServer(host, ['--static-delay', '0'])
  const post = (server: Server, body: Body) =>
    fetch(`${server.base}/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
      ...(body instanceof ReadableStream && { duplex: 'half' }),
    } as RequestInit)

  it(
    'refuses too large a body by the length it announces, before it comes',
    needs(host, 'sockets'),
    async () => {
      const response = await rawRequest({
        port: small.port,
        method: 'POST',
        path,
        headers: { 'content-type': 'application/json', 'content-length': '10001' },
      })
      await response.waitFor(/"code":\s*"request_too_large"/)
      expect(response.status()).toBe(413)
      expect(response.text()).toContain('10000 bytes')
      response.hangUp()
    },
  )

  it(
    'refuses too large a body that announces no length, while it still comes',
    needs(host, 'sockets'),
    async () => {
      const socket = createConnection({ port: small.port, host: '127.0.0.1' })
      let answer = ''
      socket.setEncoding('utf8').on('data', (part: string) => {
        answer += part
      })
      socket.on('error', () => {})
      const head = ['content-type: application/json', 'transfer-encoding: chunked']
      socket.write(`POST ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\n${head.join('\r\n')}\r\n\r\n`)
      const part = `400\r\n${' '.repeat(1024)}\r\n`
      // It would go on for 20 s and 4 MB.
      for (let sent = 0; sent < 4_000 && answer === '' && !socket.closed; sent++) {
        socket.write(part)
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
      expect(answer).toMatch(/^HTTP\/1\.1 413/)
      socket.destroy()
    },
  )

  it('takes a body that announces no length', async () => {
    const body = new Blob([valid]).stream()
    expect((await post(small, body)).status).toBe(200)
  })

  it('counts bytes, not letters', async () => {
    const sized = (letter: string, count: number) =>
      JSON.stringify({
        model: 'static',
        messages: [{ role: 'user', content: letter.repeat(count) }],
      })
    expect((await post(small, sized('x', 9_000))).status).toBe(200)
    const error = await expectError(await post(small, sized('水', 4_000)), 413)
    expect(error).toMatchObject({ type: 'invalid_request_error', code: 'request_too_large' })
    expect(error.message).toContain('--max-body')
  })

  it('serves on after a refusal', async () => {
    await expectError(await post(small, ' '.repeat(50_000)), 413)
    expect((await post(small, valid)).status).toBe(200)
  })

  it('takes 19 MB, an image among it', async () => {
    const url = `data:image/png;base64,${'A'.repeat(19_000_000)}`
    const content = [
      { type: 'text', text: 'What is this?' },
      { type: 'image_url', image_url: { url } },
    ]
    const body = JSON.stringify({ model: 'static', messages: [{ role: 'user', content }] })
    expect((await post(large, body)).status).toBe(200)
  })

  it('refuses more than 20 MB', needs(host, 'sockets'), async () => {
    const response = await rawRequest({
      port: large.port,
      method: 'POST',
      path,
      headers: { 'content-type': 'application/json', 'content-length': '20000001' },
    })
    await response.waitFor('20000000 bytes')
    expect(response.status()).toBe(413)
    response.hangUp()
  })
}

/** A wrong field, the word its message begins with, and words that say what came and was expected. */
type WrongField = [body: Record<string, unknown>, param: string, ...words: string[]]

const wrongFields: WrongField[] = [
  [{ messages: undefined }, 'messages', 'array', 'missing'],
  [{ messages: null }, 'messages', 'array', 'null'],
  [{ messages: [] }, 'messages', 'non-empty array', 'an empty array'],
  [{ messages: 'Hi' }, 'messages', 'array', '"Hi"'],
  [{ messages: ['Hi'] }, 'messages[0]', 'an object', '"Hi"'],
  [{ messages: [{}] }, 'messages[0].role', '"user"', 'missing'],
  [{ messages: [{ role: 'robot', content: '' }] }, 'messages[0].role', '"assistant"', '"robot"'],
  [{ messages: [{ role: 'user' }] }, 'messages[0].content', 'a string', 'missing'],
  [{ messages: [...messages, { role: 'user', content: 5 }] }, 'messages[1].content', 'string', '5'],
  [
    { messages: [{ role: 'user', content: [{ type: 'text' }] }] },
    'messages[0].content[0].text',
    'a string',
    'missing',
  ],
  [
    { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 1 } }] }] },
    'messages[0].content[0].image_url.url',
    'a string',
    '1',
  ],
  [{ messages: [{ role: 'tool', content: 'x' }] }, 'messages[0].tool_call_id', 'string', 'missing'],
  [
    { messages: [{ role: 'assistant', tool_calls: [{ type: 'function', id: 'a' }] }] },
    'messages[0].tool_calls[0].function',
    'an object',
    'missing',
  ],
  [{ model: 5 }, 'model', 'a string', '5'],
  [{ stream: 'yes' }, 'stream', 'true or false', '"yes"'],
  [{ stream_options: true }, 'stream_options', 'an object', 'true'],
  [{ stream_options: { include_usage: 1 } }, 'stream_options.include_usage', 'true or false', '1'],
  [{ temperature: 2.1 }, 'temperature', 'from 0 to 2', '2.1'],
  [{ temperature: '1' }, 'temperature', 'a number', '"1"'],
  [{ temperature: -1 }, 'temperature', 'from 0 to 2', '-1'],
  [{ top_p: 1.5 }, 'top_p', 'from 0 to 1', '1.5'],
  [{ n: 0 }, 'n', 'an integer', '0'],
  [{ n: 129 }, 'n', '128', '129'],
  [{ n: 1.5 }, 'n', 'an integer', '1.5'],
  [{ max_tokens: 1.5 }, 'max_tokens', 'an integer', '1.5'],
  [{ max_tokens: '9' }, 'max_tokens', 'an integer', '"9"'],
  [{ max_completion_tokens: -2 }, 'max_completion_tokens', 'an integer', '-2'],
  [{ stop: 5 }, 'stop', 'a string', '5'],
  [{ stop: ['a', 5] }, 'stop[1]', 'a string', '5'],
  [{ seed: 1.5 }, 'seed', 'an integer', '1.5'],
  [{ presence_penalty: 3 }, 'presence_penalty', 'from -2 to 2', '3'],
  [{ frequency_penalty: -3 }, 'frequency_penalty', 'from -2 to 2', '-3'],
  [{ logit_bias: { 50256: 101 } }, 'logit_bias["50256"]', '100', '101'],
  [{ logprobs: 'yes' }, 'logprobs', 'true or false', '"yes"'],
  [{ top_logprobs: -1 }, 'top_logprobs', 'an integer', '-1'],
  [{ tools: {} }, 'tools', 'an array', 'an object'],
  [{ tools: [{ type: 'function' }] }, 'tools[0].function', 'an object', 'missing'],
  [
    { tools: [{ type: 'function', function: { name: 5 } }] },
    'tools[0].function.name',
    'a string',
    '5',
  ],
  [{ tool_choice: 'maybe' }, 'tool_choice', '"auto"', '"maybe"'],
  [{ response_format: 'json' }, 'response_format', 'an object', '"json"'],
  [
    { response_format: { type: 'json_schema' } },
    'response_format.json_schema',
    'object',
    'missing',
  ],
  [{ parallel_tool_calls: 1 }, 'parallel_tool_calls', 'true or false', '1'],
  [{ metadata: { a: 1 } }, 'metadata.a', 'a string', '1'],
  [{ modalities: 'text' }, 'modalities', 'an array', '"text"'],
  [{ reasoning_effort: 1 }, 'reasoning_effort', 'a string', '1'],
  [{ user: {} }, 'user', 'a string', 'an object'],
  [{ store: 'no' }, 'store', 'true or false', '"no"'],
]

function fields(post: Post): void {
  const refused = async (body: Record<string, unknown>): Promise<ApiErrorBody> => {
    const response = await post(JSON.stringify({ model: 'static', messages, ...body }))
    const error = await expectError(response, 400)
    expect(error).toMatchObject({ type: 'invalid_request_error', code: 'invalid_value' })
    return error
  }

  it.each(wrongFields.map((wrong) => ({ body: wrong[0], wrong })))(
    'refuses $body',
    async ({ wrong: [body, param, ...words] }) => {
      const error = await refused(body)
      expect(error.param).toBe(param)
      expect(error.message.startsWith(`${param}: expected `), error.message).toBe(true)
      for (const word of words) expect(error.message).toContain(word)
      expect(error.message).toContain(', got ')
    },
  )

  it('refuses a wrong field the same way where a stream is asked for', async () => {
    expect((await refused({ stream: true, temperature: 9 })).param).toBe('temperature')
  })

  it('never repeats a long value', async () => {
    const error = await refused({ stream: 'secret'.repeat(10_000) })
    expect(error.message.length).toBeLessThan(300)
  })

  const strange: Record<string, unknown>[] = [
    { future_field: { a: [1, 2] } },
    { messages: [{ role: 'user', content: 'Hi', extra: 1 }] },
    { messages: [{ role: 'user', content: [{ type: 'video_url', video_url: { url: 'x' } }] }] },
    { tools: [{ type: 'retrieval' }] },
    { stream_options: { future: true } },
    { top_k: 40, min_p: 0.1, repeat_penalty: 1.1, chat_template_kwargs: { thinking: false } },
    { messages: [{ role: 'developer', content: 'x' }, ...messages] },
    { messages: [{ role: 'assistant', content: null, tool_calls: null }, ...messages] },
    { temperature: null, top_p: null, n: null, stop: null, tools: null, seed: null, user: null },
    { constructor: { prototype: 1 }, toString: 'x' },
  ]
  it.each(strange)('takes %j', async (body) => {
    const response = await post(JSON.stringify({ model: 'static', messages, ...body }))
    expect(response.status, await response.text()).toBe(200)
  })

  it('takes a field named __proto__ for any other', async () => {
    const response = await post(`{"__proto__": {"n": 9}, ${valid.slice(1)}`)
    const { choices } = (await response.json()) as { choices: unknown[] }
    expect(choices).toHaveLength(1)
  })

  it('takes a seed of 64 bits', async () => {
    expect((await post(`{"seed": 9223372036854775807, ${valid.slice(1)}`)).status).toBe(200)
  })

  it('takes a thousand messages', async () => {
    const many = Array.from({ length: 1_000 }, (_, at) => ({
      role: at % 2 ? 'assistant' : 'user',
      content: `message ${at}`,
    }))
    expect((await post(JSON.stringify({ model: 'static', messages: many }))).status).toBe(200)
  })
}

function anything(server: Server, post: Post): void {
  /** Whatever is answered, it is an answer or an error in OpenAI's shape, and no fault of sluice's. */
  const expectSane = async (response: Response) => {
    const text = await response.text()
    expect(response.status, text).toBeLessThan(500)
    if (response.status >= 400) expectErrorShape(response, text)
    else if (response.headers.get('content-type')?.startsWith('text/event-stream')) {
      expect(text.endsWith('data: [DONE]\n\n')).toBe(true)
    } else expect(JSON.parse(text)).toMatchObject({ object: 'chat.completion' })
  }
  const json = fc.jsonValue({ maxDepth: 4 })
  const content = fc.oneof(fc.string({ unit: 'grapheme' }), json, fc.constant(null))
  const role = fc.constantFrom('user', 'assistant', 'system', 'tool', 'developer', 'function', 'x')
  const message = fc.record(
    { role, content, name: json, tool_calls: json, tool_call_id: fc.string() },
    { requiredKeys: ['role', 'content'] },
  )
  const chatLike = fc.record(
    {
      model: fc.oneof(fc.constant('static'), fc.string(), json),
      messages: fc.oneof(fc.array(message, { minLength: 1, maxLength: 3 }), json),
      stream: fc.oneof(fc.boolean(), json),
      n: fc.oneof(fc.integer({ min: -1, max: 5 }), json),
      stop: fc.oneof(fc.string(), fc.array(fc.string()), json),
      max_tokens: fc.oneof(fc.integer(), json),
      temperature: fc.oneof(fc.double({ noNaN: true, min: 0, max: 2 }), json),
      tools: json,
      tool_choice: json,
      response_format: json,
      stream_options: fc.oneof(fc.record({ include_usage: fc.boolean() }), json),
      logit_bias: fc.oneof(fc.dictionary(fc.string(), fc.integer()), json),
      metadata: json,
    },
    { requiredKeys: ['messages'] },
  )

  it('answers any JSON', async () => {
    const property = fc.asyncProperty(fc.oneof(json, chatLike), async (body) =>
      expectSane(await post(JSON.stringify(body))),
    )
    await fc.assert(property, { numRuns: 60 })
  })

  it('answers what nearly is a chat request', async () => {
    const property = fc.asyncProperty(chatLike, async (body) =>
      expectSane(await post(JSON.stringify(body))),
    )
    await fc.assert(property, { numRuns: 60 })
  })

  it('answers any bytes', async () => {
    const property = fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) =>
      expectSane(await post(bytes)),
    )
    await fc.assert(property, { numRuns: 40 })
  })

  it('answers a valid request that was cut anywhere', async () => {
    const property = fc.asyncProperty(fc.nat(valid.length), async (at) =>
      expectSane(await post(valid.slice(0, at))),
    )
    await fc.assert(property, { numRuns: 30 })
  })

  it('is well after all that', async () => {
    expect((await fetch(`${server.url}/health`)).status).toBe(200)
    expect((await post(valid)).status).toBe(200)
    const failed = server.log.filter((entry) => entry.status >= 500)
    expect(failed).toEqual([])
    expect(server.stderr()).not.toMatch(/error/i)
  })
}
