import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { chatLines, lineScript, linesText, readOllama, wholeScript } from '../support/ollama.ts'
import { type PoolUnderTest, startPool } from '../support/pool.ts'
import { logOf } from '../support/relay.ts'
import type { Script } from '../support/script.ts'
import type { HostName } from '../support/server.ts'
import type { RecordedRequest, Upstream } from '../support/upstream.ts'

const call = { id: 'call_1', function: { index: 0, name: 'f', arguments: { a: 1 } } }
const lines = chatLines([
  { thinking: 'Hm.' },
  { content: 'Well, ' },
  { content: 'ж 🗝.', odd: { nested: [1, null] } },
  { tool_calls: [call] },
])
const bytes = linesText(lines)
const library = { object: 'model' as const, created: 1, owned_by: 'library' }
// A list of models asks it for their sizes, too.
const isNative = ({ path }: RecordedRequest) => /^\/api\/(chat|generate)/.test(path)

/** An Ollama behind sluice: what it says in its own API is forwarded. */
export function nativeOllama(host: HostName): void {
  let pool: PoolUnderTest
  let upstream: Upstream
  beforeAll(async () => {
    // The first of its models may be one that somebody else made.
    const models = [
      { ...library, id: 'ann/own:latest', owned_by: 'ann' },
      { ...library, id: 'qwen3:8b' },
    ]
    const a = { persona: 'ollama', models, script: { persona: 'ollama' } } as const
    const each = { a: { rewrite: { small: 'qwen3:8b' } } }
    const flags = ['--heartbeat', '200', '--first-token-timeout', '900', '--token-timeout', '2000']
    pool = await startPool(host, { a }, { each, flags })
    upstream = pool.upstreams.a as Upstream
  })
  afterAll(async () => pool?.[Symbol.asyncDispose]())

  const ask = { model: 'qwen3:8b', messages: [{ role: 'user', content: 'Go.' }] }
  const post = (body: object, path = 'chat') =>
    fetch(`${pool.server.url}/api/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ...ask, ...body }),
    })
  const stream = async (script: Script, body: object = {}, path = 'chat') => {
    const response = await post({ ...body, script }, path)
    const raw = await response.text()
    return { response, raw, entry: await logOf(pool.server, response) }
  }

  it('is forwarded as the same bytes', async () => {
    const { response, raw, entry } = await stream(lineScript(lines))
    expect(response.headers.get('content-type')).toBe('application/x-ndjson')
    expect(raw).toBe(bytes)
    expect(readOllama(raw)).toMatchObject({ problems: [], outcome: 'finished', calls: [call] })
    expect(entry).toMatchObject({ outcome: 'finished', engine: 'a', model: 'qwen3:8b' })
    expect(entry).toMatchObject({ tokens: 5, promptTokens: 11 })
    expect(entry.repaired).toBeUndefined()
    expect(entry.firstTokenMs).toBeGreaterThan(0)
  })

  it('is so however its packets are cut, and for a prompt', async () => {
    const cut = { split: 7, text: bytes, pause: 0 }
    expect(forwarded((await stream(lineScript([], { steps: [cut] }))).raw)).toBe(bytes)
    const prompted = chatLines([]).map(({ message: _, ...rest }: { message?: object }) => {
      return { ...rest, response: 'Well.' }
    })
    const { raw } = await stream(lineScript(prompted), { prompt: 'Go.' }, 'generate')
    expect(raw).toBe(linesText(prompted))
  })

  it('gets the request as the client sent it', async () => {
    const body = {
      model: 'small',
      options: { num_ctx: 32_768, odd: null },
      keep_alive: '10m',
      odd: { nested: [1, null, 'ж'] },
      stream: false,
      script: wholeScript(lines.at(-1) as object),
    }
    const response = await post(body)
    expect(await response.text()).toBe(JSON.stringify(lines.at(-1)))
    const sent = await upstream.next((each) => isNative(each) && 'odd' in (each.body as object))
    expect(sent).toMatchObject({ path: '/api/chat', body: { ...ask, ...body, model: 'qwen3:8b' } })
    expect(await logOf(pool.server, response)).toMatchObject({ outcome: 'ok', tokens: 5 })
  })

  it('gets what only it can do: a template, tokens, a raw prompt with a format', async () => {
    const answer = { model: 'qwen3:8b', response: 'Well.', done: true, done_reason: 'stop' }
    for (const more of [
      { template: '{{ .Prompt }}' },
      { context: [1, 2, 3] },
      { raw: true, format: 'json' },
      { suffix: 'x', system: 'Be brief.' },
    ]) {
      const body = { prompt: 'Go.', stream: false, ...more, script: wholeScript(answer) }
      const response = await post(body, 'generate')
      expect(await response.json()).toEqual(answer)
    }
  })

  it.each([
    [{ messages: [] }, 'chat', 'load'],
    [{ prompt: '', keep_alive: 0 }, 'generate', 'unload'],
  ])('is told to load and to unload: %j', async (body, path, done_reason) => {
    const answer = { model: 'qwen3:8b', done: true, done_reason }
    const response = await post({ ...body, script: wholeScript(answer) }, path)
    expect(await response.json()).toEqual(answer)
    const sent = await upstream.next((each) => isNative(each) && hasScriptOf(each, done_reason))
    expect(sent.body).toMatchObject(body)
  })

  it('is kept open where it is quiet', async () => {
    const steps = [
      { send: linesText(lines.slice(0, 1)) },
      { wait: 700 },
      { send: linesText(lines.slice(1)) },
    ]
    const { raw } = await stream(lineScript([], { steps }))
    const answer = readOllama(raw)
    expect(answer).toMatchObject({ problems: [], outcome: 'finished' })
    expect(answer.lines.length).toBeGreaterThan(lines.length)
  })

  it('stops when the client hangs up', async () => {
    const steps = [
      { send: linesText(lines.slice(0, 1)) },
      { repeat: 1_000, steps: [{ wait: 50 }, { send: linesText(lines.slice(1, 2)) }] },
    ]
    const response = await post({ script: lineScript([], { steps }) })
    const reader = response.body?.getReader()
    await reader?.read()
    const isRunning = (each: RecordedRequest) =>
      isNative(each) && each.hungUpAt === undefined && !each.finished
    const request = await upstream.next(isRunning)
    await reader?.cancel()
    await request.closedWithin(2_000)
    await pool.server.nextLog(({ outcome }) => outcome === 'cancelled')
  })

  const half = linesText(lines.slice(0, 3))
  describe.each<[string, Script, RegExp]>([
    ['says that it failed', sends(`${half}{"error":"CUDA out of memory"}\n`), /CUDA/],
    ['is cut off', { ...sends(half), steps: [{ send: half }, { cut: true }] }, /before a line/],
    ['ends too soon', sends(half), /ended the stream before a line with done: true/],
    ['ends within a line', sends(`${half}{"model":"qwen3:8b","me`), /before a line with done/],
    ['sends no JSON', sends(`${half}{"model":\n`), /not JSON/],
    ['sends no object', sends(`${half}[1]\n`), /not a JSON object/],
    ['sends no text', sends(`${half}{"message":{"content":7},"done":false}\n`), /not a string/],
    ['sends a line without done', sends(`${half}{"message":{"content":""}}\n`), /without done/],
  ])('where it %s', (_, script, message) => {
    it('fails by a line, and is never done', async () => {
      const { raw, entry } = await stream(script)
      const answer = readOllama(raw)
      expect(answer).toMatchObject({ problems: [], outcome: 'failed' })
      expect(answer.last?.error).toMatch(message)
      expect(entry).toMatchObject({ outcome: 'failed' })
    })
  })

  it('is read to its end, which a line without its end may be, and no further', async () => {
    const whole = bytes.slice(0, -1)
    expect((await stream(sends(whole))).raw).toBe(bytes)
    expect((await stream(sends(`${bytes}{"error":"later"}\n`))).raw).toBe(bytes)
    const windows = await stream(sends(bytes.replaceAll('\n', '\r\n')))
    expect(readOllama(windows.raw)).toMatchObject({ problems: [], outcome: 'finished' })
    expect(windows.entry.repaired).toEqual(['framing'])
  })

  it('refuses with its own status and words', async () => {
    const script = { ...sends('{"error":"\\"m\\" does not support thinking"}'), status: 400 }
    const { response, raw } = await stream(script)
    expect(response.status).toBe(400)
    expect(JSON.parse(raw)).toEqual({ error: expect.stringContaining('not support thinking') })
  })

  it('is asked for a chat where the settings say that it serves no other API', async () => {
    const a = { persona: 'ollama', models: [{ ...library, id: 'm' }] } as const
    const each = { a: { nativeApis: [] } }
    const script = { persona: 'ollama' } as const
    await using closed = await startPool(host, { a: { ...a, script } }, { each })
    const response = await fetch(`${closed.server.url}/api/chat`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ...ask, model: 'm', options: { num_ctx: 1_000_000 }, keep_alive: 0 }),
    })
    expect(readOllama(await response.text())).toMatchObject({ problems: [], outcome: 'finished' })
    const asked = closed.upstreams.a?.requests.filter(({ path }) => /chat|generate/.test(path))
    expect(asked).toMatchObject([{ path: '/v1/chat/completions' }])
    expect(asked?.[0]?.body).not.toHaveProperty('keep_alive')
  })

  it('is asked for chats as before', async () => {
    const response = await fetch(`${pool.server.base}/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(ask),
    })
    expect(await response.json()).toMatchObject({ object: 'chat.completion' })
  })
}

/** Without heartbeats: lines of sluice's, which has no nanoseconds. */
function forwarded(raw: string): string {
  return raw.replace(/^.*"created_at":"[^"]*\.\d{3}Z".*\n/gm, '')
}

function sends(text: string): Script {
  return lineScript([], { steps: [{ send: text }] })
}

function hasScriptOf({ body }: RecordedRequest, reason: string): boolean {
  return JSON.stringify(body).includes(`\\"done_reason\\":\\"${reason}\\"`)
}
