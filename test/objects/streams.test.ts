// Streams that can be resumed on workerd, each in a Durable Object, with its rows on a disk.

import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Script } from '../support/script.ts'
import { type Server, startServer } from '../support/server.ts'
import { pace, talk } from '../support/talk.ts'
import { type RecordedRequest, startUpstream, type Upstream } from '../support/upstream.ts'

const secretOf = (name: string) => `sk-${name}-of-these-tests`
const folder = mkdtempSync(join(tmpdir(), 'sluice-streams-'))

let upstream: Upstream
let server: Server

async function start(): Promise<Server> {
  const flags = ['--upstream', `gpu=${upstream.url}`, '--heartbeat', '300ms']
  const state = ['--state', 'objects', '--state-folder', folder]
  return startServer('workerd', [...flags, ...state, '--resume-grace', '2s'], {
    SLUICE_KEYS: JSON.stringify([
      keyOf('ann', { requestsPerDay: 1_000 }),
      keyOf('bob'),
      keyOf('root', { admin: true }),
    ]),
  })
}

function keyOf(name: string, more: object = {}): object {
  const hash = createHash('sha256').update(secretOf(name)).digest('hex')
  return { name, hash: `sha256:${hash}`, ...more }
}

beforeAll(async () => {
  upstream = await startUpstream()
  server = await start()
}, 60_000)

afterAll(async () => {
  await server.kill()
  await upstream.close()
  rmSync(folder, { recursive: true, force: true })
})

interface Asked {
  key?: string
  method?: string
  headers?: Record<string, string>
  body?: object
}

function ask(path: string, { key = 'ann', method, headers, body }: Asked = {}): Promise<Response> {
  return fetch(`${server.url}${path}`, {
    method: method ?? (body ? 'POST' : 'GET'),
    headers: {
      authorization: `Bearer ${secretOf(key)}`,
      ...(body && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body && { body: JSON.stringify(body) }),
  })
}

const RESUME = { 'x-sluice-resume': '1' }

/** What the upstream is told: how to answer, and which request it is. */
interface Told {
  script: Script
  tag?: string
}

/** Each API, with the body that asks it for a stream. */
const APIS: Record<string, (told: Told) => [string, object]> = {
  chat: (told) => ['/v1/chat/completions', { ...chat(), stream: true, ...told }],
  messages: (told) => ['/v1/messages', { ...chat(), max_tokens: 100, stream: true, ...told }],
  responses: (told) => ['/v1/responses', { model: 'm', input: 'Hi', stream: true, ...told }],
  ollama: (told) => ['/api/chat', { ...chat(), options: told }],
}

function chat() {
  return { model: 'Qwen/Qwen3-8B', messages: [{ role: 'user', content: 'Hi' }] }
}

/** Reads until as many events came as are wanted, or to the end, and leaves. */
async function read(response: Response, most = Number.POSITIVE_INFINITY): Promise<string[]> {
  const isLines = response.headers.get('content-type')?.includes('ndjson')
  const separator = isLines ? '\n' : '\n\n'
  const events: string[] = []
  let rest = ''
  const reader = (response.body as ReadableStream<Uint8Array>).getReader()
  const decoder = new TextDecoder()
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    const parts = (rest + decoder.decode(part.value, { stream: true })).split(separator)
    rest = parts.pop() ?? ''
    events.push(...parts.map(withoutHeartbeat).filter((event) => event !== ''))
    if (events.length >= most) break
  }
  await reader.cancel()
  return events.slice(0, most)
}

/** What has no number: comments, pings, and lines of Ollama's API that say nothing. */
function withoutHeartbeat(event: string): string {
  if (event.includes('"type":"ping"') || event.includes('"created_at":"1970')) return ''
  return event.replaceAll(/^: .*\n?/gm, '')
}

const withoutNumber = (event: string) => event.replace(/^id: \d+\n/, '')

async function begin(api: string, script: Script, headers = RESUME) {
  const tag = crypto.randomUUID()
  const [path, body] = APIS[api]?.({ script, tag }) ?? ['', {}]
  const response = await ask(path, { headers, body })
  expect(response.status).toBe(200)
  const where = response.headers.get('x-sluice-resume') ?? ''
  const asked = await upstream.next((request) => (request.body as { tag?: string })?.tag === tag)
  return { response, where, asked, tag }
}

const requestsFor = (tag: string): RecordedRequest[] =>
  upstream.requests.filter(({ body }) => (body as { tag?: string } | undefined)?.tag === tag)

describe.each(Object.keys(APIS))('a stream of %s', (api) => {
  it('goes on when its client leaves, and is continued exactly where it was left', async () => {
    const { response, where, tag } = await begin(api, pace(30, 20))
    expect(where).toMatch(/^\/v1\/streams\/(strm|resp)_[0-9a-f]{32}$/)
    const first = await read(response, 5)
    const rest = await read(await ask(`${where}?starting_after=4`))
    const all = await read(await ask(where))
    expect([...first, ...rest]).toEqual(all)
    expect(all.length).toBeGreaterThan(30)
    expect(requestsFor(tag)).toHaveLength(1)
    expect(requestsFor(tag)[0]?.finished).toBe(true)
    if (api !== 'ollama')
      expect(all.map((event) => /^id: (\d+)/.exec(event)?.[1])).toEqual(
        all.map((_, number) => String(number)),
      )
    // And as a stream that nobody asked to be resumable, but for the numbers, ids and times.
    const [path, body] = APIS[api]?.({ script: pace(30, 1) }) ?? ['', {}]
    const plain = await read(await ask(path, { body }))
    const steady = (events: string[]) =>
      events.map((event) =>
        withoutNumber(event).replaceAll(
          /(?:resp|msg|rs|in)_[0-9a-f]+|"\w*(?:created\w*|completed_at|duration)":[^,}]+/g,
          '',
        ),
      )
    expect(steady(all)).toEqual(steady(plain))
  })
})

it('is stopped by another connection, in the middle and before its first token', async () => {
  for (const [script, seen] of [
    [pace(500, 20), 2],
    [talk({ wait: 60_000 }, 'tok'), 0],
  ] as const) {
    const { response, where, asked } = await begin('chat', script)
    if (seen > 0) await read(response, seen)
    const stoppedAt = performance.now()
    const answer = await ask(where, { method: 'DELETE' })
    expect(await answer.json()).toMatchObject({ object: 'stream', state: 'stopped' })
    expect((await asked.closedWithin()) - stoppedAt).toBeLessThan(1_000)
    expect((await read(await ask(where))).at(-1)).toContain('stream_stopped')
    const again = await ask(`${where}/stop`, { method: 'POST' })
    expect(await again.json()).toMatchObject({ state: 'stopped' })
  }
})

it('is stopped when nobody reads it for the grace time', async () => {
  const { response, where, asked } = await begin('chat', pace(1_000, 20))
  await read(response, 2)
  await asked.closedWithin(8_000)
  expect((await read(await ask(where))).at(-1)).toContain('stream_abandoned')
})

it('is not found by another key, nor under an id that nobody has', async () => {
  const { where } = await begin('chat', pace(3, 5))
  for (const [path, key] of [
    [where, 'bob'],
    [`/v1/streams/strm_${'0'.repeat(32)}`, 'ann'],
    ['/v1/streams/strm_x', 'ann'],
  ] as const) {
    for (const method of ['GET', 'DELETE']) {
      const answer = await ask(path, { key, method })
      expect(answer.status).toBe(404)
      expect(await answer.text()).toContain('stream_not_found')
    }
  }
  expect((await ask(where, { key: 'nobody' })).status).toBe(401)
})

it('runs a response in the background, which others follow while it runs', async () => {
  const body = { model: 'm', input: 'Hi', background: true, script: pace(60, 20) }
  const queued = (await (await ask('/v1/responses', { body })).json()) as { id: string }
  const follow = () => ask(`/v1/responses/${queued.id}?stream=true`).then((each) => read(each))
  const [one, two] = await Promise.all([follow(), follow()])
  expect(one).toEqual(two)
  expect(one.at(-1)).toContain('response.completed')
  const stored = (await (await ask(`/v1/responses/${queued.id}`)).json()) as { status: string }
  expect(stored.status).toBe('completed')
  expect((await ask(`/v1/responses/${queued.id}`, { key: 'bob' })).status).toBe(404)
})

it('counts each request once, and tells where the state is', async () => {
  const before = await usedToday()
  const { response, where } = await begin('chat', pace(2, 1))
  await read(response)
  await read(await ask(where))
  // Each look at the use counts too.
  expect((await usedToday()) - before).toBe(3)
  const health = (await (await ask('/health', { key: 'root' })).json()) as object
  expect(health).toMatchObject({ state: { kind: 'objects', status: 'connected' } })
})

async function usedToday(): Promise<number> {
  const usage = (await (await ask('/v1/usage')).json()) as { day: { requests: { used: number } } }
  return usage.day.requests.used
}

describe('when workerd is killed', () => {
  it('ends every stream once, for each reader, and keeps what the key has used', async () => {
    const script = pace(2_000, 20)
    const runs = await Promise.all(Object.keys(APIS).map((api) => begin(api, script)))
    const body = { model: 'm', input: 'Hi', background: true, script }
    const queued = (await (await ask('/v1/responses', { body })).json()) as { id: string }
    const seen = await Promise.all(runs.map(({ response }) => read(response, 40)))
    const used = await usedToday()
    await sleep(1_300)
    await server.kill()
    server = await start()
    for (const [index, { where }] of runs.entries()) {
      const [one, two] = await Promise.all([read(await ask(where)), read(await ask(where))])
      expect(one).toEqual(two)
      const ends = one.filter((event) => /instance_lost|is gone/.test(event))
      expect(ends).toHaveLength(1)
      expect(one.at(-1)).toBe(ends[0])
      const all = seen[index] ?? []
      expect(one.length).toBeGreaterThan(all.length)
      expect(one.slice(0, all.length)).toEqual(all)
    }
    const failed = await read(await ask(`/v1/responses/${queued.id}?stream=true`))
    expect(failed.at(-1)).toContain('response.failed')
    const stored = (await (await ask(`/v1/responses/${queued.id}`)).json()) as { status: string }
    expect(stored.status).toBe('failed')
    expect(await usedToday()).toBeGreaterThanOrEqual(used)
  }, 60_000)
})
