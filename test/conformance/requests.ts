import { describe, expect, it } from 'vitest'
import { needs } from '../support/hosts.ts'
import { rawRequest } from '../support/read.ts'
import { expectError } from '../support/refusal.ts'
import { type HostName, type Server, useServer } from '../support/server.ts'
import { type Body, messages, type Post, path, valid } from './requests-body.ts'
import { anything, fields } from './requests-fields.ts'
import { sizes } from './requests-sizes.ts'

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
