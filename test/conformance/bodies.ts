import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, describe, expect, it } from 'vitest'
import { type Echo, startEcho } from '../support/echo.ts'
import { needs } from '../support/hosts.ts'
import { rawRequest } from '../support/read.ts'
import { expectError } from '../support/refusal.ts'
import { type HostName, type Server, useServerWith } from '../support/server.ts'

const messages = [{ role: 'user', content: 'Go.' }]
const valid = JSON.stringify({ model: 'm', messages })

const key = (name: string, more: object = {}) => {
  const hash = `sha256:${createHash('sha256').update(name).digest('hex')}`
  return { name, hash, ...more }
}

/** What is read of a body before it is parsed, what that may cost others, and what of it passes on. */
export function bodies(host: HostName): void {
  let echo: Echo | undefined
  const server = useServerWith(host, async () => {
    echo = await startEcho()
    const keys = [key('any'), key('one', { maxConcurrency: 1 })]
    return { flags: ['--upstream', `m=${echo.url}`], env: { SLUICE_KEYS: JSON.stringify(keys) } }
  })
  afterAll(() => echo?.close())
  const sent = () => echo?.bodies.at(-1) ?? ''
  const post = (body: string | Uint8Array<ArrayBuffer>, path = '/chat/completions', name = 'any') =>
    fetch(server.base + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${name}` },
      body,
    })

  describe('what is costly', () => costly(server, post))
  describe('what is written twice', () => twice(post))
  describe('what passes on', () => passing(post, sent))
  describe('a key with one request at once', needs(host, 'sockets'), () => oneAtOnce(server, post))
}

type Post = (
  body: string | Uint8Array<ArrayBuffer>,
  path?: string,
  name?: string,
) => Promise<Response>

function costly(server: Server, post: Post): void {
  /**
   * Milliseconds of the longest pause of a stream while something else is done, without those for
   * which this process did nothing itself.
   */
  async function longestPause(meanwhile: () => Promise<void>): Promise<number> {
    const stream = await post(JSON.stringify({ model: 'm', messages, stream: true }))
    const reader = (stream.body as ReadableStream<Uint8Array>).getReader()
    await reader.read()
    let isDone = false
    const done = meanwhile().finally(() => {
      isDone = true
    })
    let longest = 0
    let own = 0
    let last = performance.now()
    const timer = setInterval(() => {
      own = Math.max(own, performance.now() - last)
      last = performance.now()
    }, 5)
    while (!isDone) {
      const before = performance.now()
      expect((await reader.read()).done).toBe(false)
      longest = Math.max(longest, performance.now() - before)
    }
    clearInterval(timer)
    await done
    await reader.cancel()
    return Math.max(0, longest - own)
  }

  it('is refused before it is parsed, while a stream beside it goes on', async () => {
    const lists = Buffer.from(`{"model":"m","messages":[${'[],'.repeat(1_200_000)}[]]}`)
    const biases = Array.from({ length: 250_000 }, (_, at) => `"${at * 7}":1`).join()
    const bias = Buffer.from(`${valid.slice(0, -1)},"logit_bias":{${biases}}}`)
    const bodies = [bias, ...Array.from({ length: 12 }, () => lists)]
    const refused = async (body: Buffer<ArrayBuffer>) => {
      const { message } = await expectError(await post(body), 400)
      return message
    }
    const pause = await longestPause(async () => {
      const [ofBias = '', ...ofLists] = await Promise.all(bodies.map(refused))
      expect(ofBias).toContain('at most 200000 keys')
      for (const message of ofLists) expect(message).toContain('at most 500000 values')
    })
    // Parsed, they held it up for 1 s (Node) to 10 s (Deno).
    expect(pause).toBeLessThan(1_500)
    expect(server.memory()).toBeLessThan(1e9)
    expect((await post(valid)).status).toBe(200)
  })

  it('but takes a conversation of megabytes as it comes', async () => {
    const content = 'a "word"\n'.repeat(400)
    const many = Array.from({ length: 600 }, (_, at) => ({
      role: at % 2 ? 'assistant' : 'user',
      content,
    }))
    const parameters = {
      type: 'object',
      properties: Object.fromEntries(
        Array.from({ length: 20 }, (_, at) => [`field${at}`, { type: 'string', description: 'd' }]),
      ),
    }
    const tools = Array.from({ length: 400 }, (_, at) => ({
      type: 'function',
      function: { name: `tool${at}`, parameters },
    }))
    const body = JSON.stringify({ model: 'm', messages: many, tools })
    expect(body.length).toBeGreaterThan(2.5e6)
    expect((await post(body)).status).toBe(200)
  })
}

function twice(post: Post): void {
  it.each([
    ['model', `{"model":"x",${valid.slice(1)}`],
    ['model', `{"m\\u006fdel":"x",${valid.slice(1)}`],
    ['stream', `{"stream":false,${valid.slice(1, -1)},"stream":true}`],
    ['messages', `{"messages":[],${valid.slice(1)}`],
  ])('is refused where it decides something: %s in %s', async (field, body) => {
    const { param, message } = await expectError(await post(body), 400)
    expect(param).toBe(field)
    expect(message).toBe(`${field}: expected once, got twice in the same object; remove one.`)
  })

  it('passes where it is a matter of the upstream’s', async () => {
    expect((await post(`{"x":1,"x":2,${valid.slice(1)}`)).status).toBe(200)
  })
}

function passing(post: Post, sent: () => string): void {
  it('a mark of the byte order is none of the JSON', async () => {
    const response = await post(new TextEncoder().encode(`\ufeff${valid}`))
    expect(response.status, await response.text()).toBe(200)
    expect(JSON.parse(sent())).toMatchObject({ messages })
  })

  it.each([20_000, 1_000_000, 6_000_000])(
    'long texts pass as they were written: %i bytes',
    async (size) => {
      const long = 'The text says \\u0041\\n and \u010D\u{1f600}. '.repeat(size / 38)
      const body = `{"model":"m", "messages" : [ {"role":"user","content":"${long}","x":1.0} ],"stream":false}`
      const response = await post(body)
      expect(response.status, await response.text()).toBe(200)
      // Not by `toBe`, which would print megabytes.
      expect(sent() === body).toBe(true)
      const renamed = body.replace('"stream":false', '"stream":false, "n": 1.0')
      expect((await post(renamed)).status).toBe(200)
      expect(sent() === body.replace('"stream":false', '"stream":false,"n":1')).toBe(true)
    },
  )

  const call = { type: 'function', function: { name: 'f', arguments: { a: 1 } } }
  const audio = { type: 'input_audio', input_audio: { url: 'x' } }
  it.each<[string, Record<string, unknown>[]]>([
    [
      '/chat/completions',
      [
        { temperature: 3, top_p: 1.5, presence_penalty: 5, frequency_penalty: -5 },
        { logit_bias: [['Hello', -1]] },
        { logit_bias: { 15043: false } },
        { verbosity: 'chatty', service_tier: 'ultrafast', user: 5, metadata: { a: 1 } },
        { messages: [] },
        { messages: [{ role: 'robot', content: 'x' }] },
        { messages: [{ role: 'user', content: null }] },
        { messages: [{ role: 'assistant', tool_calls: [call] }] },
        { messages: [{ role: 'user', content: [audio] }] },
      ],
    ],
    ['/completions', [{ prompt: [1, 'a', 2] }, { prompt: 'a', best_of: 0 }, { prompt: null }]],
    ['/embeddings', [{ input: [1, 'a'] }, { input: '', user: 5 }]],
  ])('what is the upstream’s to judge is not judged here: %s', async (path, all) => {
    for (const fields of all) {
      const body = { model: 'm', ...(path === '/chat/completions' && { messages }), ...fields }
      const response = await post(JSON.stringify(body), path)
      expect(response.status, JSON.stringify(fields) + (await response.text())).toBe(200)
      expect(JSON.parse(sent())).toEqual(body)
    }
  })

  it('but an engine that runs here says what it can’t read', async () => {
    const body = { model: 'static', messages, temperature: 'hot' }
    const { param, message } = await expectError(await post(JSON.stringify(body)), 400)
    expect({ param, message }).toEqual({
      param: 'temperature',
      message: 'temperature: expected a number from 0 to 2, got "hot" (string).',
    })
  })

  it('a schema beside its type goes to where OpenAI has it', async () => {
    const schema = { type: 'object' }
    const body = { model: 'm', messages, response_format: { type: 'json_schema', schema } }
    expect((await post(JSON.stringify(body))).status).toBe(200)
    expect(JSON.parse(sent()).response_format).toEqual({
      type: 'json_schema',
      json_schema: { name: 'answer', schema },
    })
  })

  const seed = '18446744073709551615'
  const bound = '-9223372036854775808'
  it.each([
    [
      '/chat/completions',
      `"messages":[{"role":"user","content":"x"}],"tools":[{"type":"function","function":{"name":"f","parameters":{"minimum":${bound}}}}]`,
    ],
    ['/completions', `"prompt":"x","own":{"minimum":${bound}}`],
    ['/embeddings', `"input":"x","own":[${bound}]`],
    ['/messages', `"max_tokens":9,"messages":[{"role":"user","content":"x"}],"own":[${bound}]`],
    ['/responses', `"input":"x","store":false,"own":[${bound}]`],
  ])('integers keep all their digits: %s', async (path, fields) => {
    const response = await post(`{"model":"m","seed":${seed},${fields}}`, path)
    expect(response.status, await response.text()).toBe(200)
    expect(sent()).toContain(`"seed":${seed}`)
    expect(sent()).toMatch(new RegExp(`${bound}[\\]}]`))
  })
}

function oneAtOnce(server: Server, post: Post): void {
  /** Sends a part of a body, and no more; resolves when its key is refused another request. */
  async function begin(length = 1_000) {
    let client = await send(length)
    const isHeld = async () => {
      await sleep(50)
      const { status } = await ask()
      if (status === 429) return true
      // It came while that request was answered, and was refused itself.
      client.hangUp()
      client = await send(length)
      return false
    }
    await expect.poll(isHeld, { timeout: 10_000 }).toBe(true)
    return client
  }
  async function send(length: number) {
    const client = await rawRequest({
      port: server.port,
      method: 'POST',
      headers: {
        authorization: 'Bearer one',
        'content-type': 'application/json',
        'content-length': String(length),
      },
    })
    client.socket.write(valid)
    return client
  }
  const ask = (body = valid) => post(body, '/chat/completions', 'one')
  const isFree = async () => (await ask('{}')).status === 400

  it('is refused another while the body of the first still comes', async () => {
    await expect.poll(isFree).toBe(true)
    const first = await begin()
    expect((await expectError(await ask(), 429)).code).toBe('rate_limit_exceeded')
    first.socket.write(' '.repeat(1000 - valid.length))
    await first.waitFor(/^HTTP\/1\.1 200/)
    await expect.poll(isFree).toBe(true)
    first.hangUp()
  })

  it('may ask again once the first broke off, or was refused', async () => {
    for (const length of [1_000, 1_000_000]) {
      const first = await begin(length)
      first.hangUp()
      await expect.poll(isFree, { timeout: 5_000 }).toBe(true)
    }
    for (const body of ['no json', '{}', `{"model":1}`, `{"model":"none",${valid.slice(14)}`]) {
      const { status } = await ask(body)
      expect([400, 404]).toContain(status)
    }
    expect((await ask()).status).toBe(200)
  })
}
