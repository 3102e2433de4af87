import { describe, expect, it } from 'vitest'
import { postChat } from '../support/read.ts'
import { expectError } from '../support/refusal.ts'
import { nextFor, type Relay, sentFor, tag, useRelay } from '../support/relay.ts'
import { postResponses } from '../support/responses.ts'
import type { Script, Scripted } from '../support/script.ts'
import type { HostName } from '../support/server.ts'
import { pace } from '../support/talk.ts'
import { bearer, entry } from './keys-entries.ts'

const KEYS = [
  entry('ann', 'ann-key'),
  entry('bob', 'bob-key'),
  entry('one', 'one-key', { maxConcurrency: 1 }),
  entry('admin', 'admin-key', { admin: true }),
]

const env = { SLUICE_KEYS: JSON.stringify(KEYS) }

const hang: Script = { steps: [{ hang: true }] }

const quick: Scripted = { persona: 'vllm', words: ['Hi.'] }

interface Answer {
  id: string
}

/** What clients with keys of their own do to each other. */
export function tenants(host: HostName): void {
  describe('stored responses', () => storedResponses(useRelay(host, { env })))
  describe('places in the background', () => places(host))
  describe('the queue of a busy engine', () => queued(host))
  describe('a key that is limited to one request at a time', () => limited(useRelay(host, { env })))
}

/** Starts a response in the background. */
function start({ server }: Relay, key: string, body: object = {}): Promise<Response> {
  const asked = { background: true, stream: false, script: hang, ...body }
  return postResponses(server.base, asked, bearer(key))
}

async function idOf(response: Response): Promise<string> {
  expect(response.status, await response.clone().text()).toBe(200)
  return ((await response.json()) as Answer).id
}

function cancel({ server }: Relay, key: string, id: string): Promise<Response> {
  return fetch(`${server.base}/responses/${id}/cancel`, { method: 'POST', ...bearer(key) })
}

function storedResponses(relay: Relay): void {
  const store = async (key: string, input: string) => {
    const body = { input, stream: false, script: quick }
    return idOf(await postResponses(relay.server.base, body, bearer(key)))
  }
  const get = (key: string, id: string) =>
    fetch(`${relay.server.base}/responses/${id}`, bearer(key))

  it('of one key are not evicted by those of another, however large these are', async () => {
    const of = { bob: await store('bob-key', 'small'), ann: await store('ann-key', 'small') }
    // Each takes 6 MB of the 32 MB for all.
    const large: string[] = []
    for (let count = 0; count < 7; count++) {
      large.push(await store('ann-key', 'x'.repeat(3_000_000)))
    }
    expect((await get('bob-key', of.bob)).status).toBe(200)
    const further = { previous_response_id: of.bob, stream: false, script: quick }
    const response = await postResponses(relay.server.base, further, bearer('bob-key'))
    expect(response.status).toBe(200)
    await expectError(await get('ann-key', of.ann), 404)
    expect((await get('ann-key', large.at(-1) ?? '')).status).toBe(200)
  })

  it('of one key are not shown to another', async () => {
    const id = await store('bob-key', 'secret')
    await expectError(await get('ann-key', id), 404)
    const further = { previous_response_id: id, stream: false, script: quick }
    await expectError(await postResponses(relay.server.base, further, bearer('ann-key')), 400)
    await expectError(await cancel(relay, 'ann-key', id), 404)
  })
}

function places(host: HostName): void {
  const flags = ['--max-background', '4', '--heartbeat', '100ms']

  describe('of several keys', () => {
    const relay = useRelay(host, { flags, env })

    it('are not all for one of them', async () => {
      const ids = [
        await idOf(await start(relay, 'ann-key')),
        await idOf(await start(relay, 'ann-key')),
      ]
      const refused = await start(relay, 'ann-key')
      const { code, message } = await expectError(refused, 503)
      expect(code).toBe('too_many_background')
      expect(message).toContain('free places (2 of 4), got one more than the 2 that yours has')
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
      const other = await idOf(await start(relay, 'bob-key'))
      for (const id of ids) await cancel(relay, 'ann-key', id)
      // On workerd it ends at its next heartbeat.
      const again = async () => {
        const response = await start(relay, 'ann-key', { script: quick })
        return response.status
      }
      await expect.poll(again, { timeout: 5_000, interval: 200 }).toBe(200)
      await cancel(relay, 'bob-key', other)
    })
  })

  describe('of the only key', () => {
    const relay = useRelay(host, { flags, env: { SLUICE_KEYS: JSON.stringify(KEYS.slice(0, 1)) } })

    it('are all for it', async () => {
      const ids: string[] = []
      for (let count = 0; count < 4; count++) ids.push(await idOf(await start(relay, 'ann-key')))
      const { message } = await expectError(await start(relay, 'ann-key'), 503)
      expect(message).toContain('expected at most 4 responses in the background at once')
      for (const id of ids) await cancel(relay, 'ann-key', id)
    })
  })
}

function queued(host: HostName): void {
  const flags = ['--max-concurrency', '1', '--queue', '2', '--header-wait', '50ms']
  const relay = useRelay(host, { flags: [...flags, '--heartbeat', '100ms'], env })
  const ask = (key: string, body: object) =>
    postChat(relay.server.base, { stream: false, script: quick, ...body }, bearer(key))
  /** A request that occupies the engine until its client leaves. */
  const occupy = async (key: string) => {
    const body = tag({ stream: true, script: pace(2_000, 20) })
    const leave = new AbortController()
    const running = postChat(relay.server.base, body, { ...bearer(key), signal: leave.signal })
    running.catch(() => {})
    await nextFor(relay, body)
    return leave
  }
  const waiting = async () => {
    const health = await fetch(`${relay.server.url}/health`, bearer('admin-key'))
    return ((await health.json()) as { waiting: number }).waiting
  }

  it('that one key has filled has room for another, at the expense of the newest of the first', async () => {
    const leave = await occupy('ann-key')
    const first = ask('ann-key', {})
    await expect.poll(waiting).toBe(1)
    const newest = ask('ann-key', {})
    await expect.poll(waiting).toBe(2)
    const refused = await expectError(await ask('ann-key', {}), 503)
    expect(refused).toMatchObject({ code: 'engine_busy' })
    expect(refused.message).toContain('2 requests are waiting, 2 of them yours.')
    const other = ask('bob-key', {})
    const displaced = await newest
    expect(displaced.headers.get('retry-after')).toMatch(/^\d+$/)
    const { code, message } = await expectError(displaced, 503)
    expect(code).toBe('engine_busy')
    expect(message).toContain('another client with fewer took the place of your newest')
    leave.abort()
    expect((await first).status).toBe(200)
    expect((await other).status).toBe(200)
  })

  it('serves who waits for an answer before what runs in the background', async () => {
    const leave = await occupy('ann-key')
    const background = tag({ script: quick })
    const ids = [await idOf(await start(relay, 'ann-key', background))]
    for (let count = 0; count < 3; count++) {
      ids.push(await idOf(await start(relay, 'ann-key', { script: quick })))
    }
    // These four do not fill the queue for two.
    await expect.poll(waiting).toBe(4)
    const interactive = tag({})
    const answer = ask('bob-key', interactive)
    await expect.poll(waiting).toBe(5)
    leave.abort()
    expect((await answer).status).toBe(200)
    const status = async (id: string) => {
      const found = await fetch(`${relay.server.base}/responses/${id}`, bearer('ann-key'))
      return ((await found.json()) as { status: string }).status
    }
    for (const id of ids) await expect.poll(() => status(id), { timeout: 5_000 }).toBe('completed')
    const [before, after] = [sentFor(relay, interactive)[0], sentFor(relay, background)[0]]
    const { requests } = relay.upstream
    expect(requests.indexOf(before as never)).toBeLessThan(requests.indexOf(after as never))
  })
}

function limited(relay: Relay): void {
  it('may send one beside its response in the background, of which it has one too', async () => {
    const id = await idOf(await start(relay, 'one-key'))
    const response = await postChat(relay.server.base, { script: quick }, bearer('one-key'))
    expect(response.status).toBe(200)
    await response.text()
    const { code, message } = await expectError(await start(relay, 'one-key'), 429)
    expect(code).toBe('rate_limit_exceeded')
    expect(message).toContain('1 concurrent responses in the background')
    await cancel(relay, 'one-key', id)
    const again = async () => (await start(relay, 'one-key', { script: quick })).status
    await expect.poll(again, { timeout: 5_000, interval: 200 }).toBe(200)
  })
}
