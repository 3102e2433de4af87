import { describe, expect, it } from 'vitest'
import { idOf, listActivity, readFeed, stopRequest } from '../support/activity.ts'
import { can, needs } from '../support/hosts.ts'
import { chatsAt, named } from '../support/pool.ts'
import { postChat, readStream } from '../support/read.ts'
import { errorOf, logOf, useRelay } from '../support/relay.ts'
import { type HostName, startServer, useServer } from '../support/server.ts'
import { pace } from '../support/talk.ts'
import { startUpstream } from '../support/upstream.ts'
import { bearer, entry } from './keys-entries.ts'

const M = { model: 'm' }
const ROOT = bearer('root-key').headers
const ANN = bearer('ann-key').headers
const BOB = bearer('bob-key').headers

const KEYS = [
  entry('root', 'root-key', { admin: true }),
  entry('ann', 'ann-key', { requestsPerMinute: 50, tokensPerMinute: 6_000, maxConcurrency: 5 }),
  entry('bob', 'bob-key'),
]

const FLAGS = ['--header-wait', '50ms', '--heartbeat', '200ms']

/** Who sees and stops which request. */
export function activityAccess(host: HostName): void {
  const relay = useRelay(host, { flags: FLAGS, env: { SLUICE_KEYS: JSON.stringify(KEYS) } })
  const base = () => relay.server.base

  /** A long stream of this key. */
  async function begin(headers: Record<string, string>) {
    relay.upstream.script = pace(500, 20)
    const response = await postChat(base(), M, { headers })
    return { id: idOf(response), response, read: readStream(response) }
  }

  it('shows a key its own requests, and nobody else’s', async () => {
    await using all = await readFeed(base(), { headers: ROOT })
    await using anns = await readFeed(base(), { headers: ANN })
    const [ann, bob] = [await begin(ANN), await begin(BOB)]
    await all.until(({ requests }) => requests.has(ann.id) && requests.has(bob.id))
    await anns.until(({ requests }) => requests.get(ann.id)?.state === 'streaming')
    expect([...anns.requests.values()].map(({ key }) => key)).not.toContain('bob')
    const raw = JSON.stringify(anns.events)
    for (const word of ['gpu', 'bob', 'root', '"engines"', '"queue"'])
      expect(raw).not.toContain(word)
    expect(anns.parts).toMatchObject({ isAdmin: false })
    expect(all.parts).toMatchObject({ isAdmin: true, engines: expect.any(Array) })
    expect(all.requests.get(bob.id)).toMatchObject({ key: 'bob', engine: 'gpu' })
    const list = await listActivity(base(), ANN)
    expect(list).not.toHaveProperty('engines')
    expect(list.requests.map(({ key }) => key)).not.toContain('bob')
    for (const each of [ann, bob])
      expect((await stopRequest(base(), each.id, ROOT)).status).toBe(200)
    await Promise.all([ann.read, bob.read])
  })

  it('says nothing of another’s request, as if there were none', async () => {
    const { id, read } = await begin(ANN)
    const asked = [
      fetch(`${base()}/activity/${id}`, { headers: BOB }),
      fetch(`${base()}/activity/${id}?stream=true`, { headers: BOB }),
      stopRequest(base(), id, BOB),
      stopRequest(base(), 'none', BOB),
    ]
    const told = await Promise.all(
      asked.map(async (each) => [(await each).status, await errorOf(await each)]),
    )
    for (const each of told) expect(each).toEqual([404, told[3]?.[1]])
    expect(told[3]?.[1]).toMatchObject({ code: 'not_found', param: 'id' })
    expect((await stopRequest(base(), id, ANN)).status).toBe(200)
    await read
    const late = await stopRequest(base(), id, ANN)
    expect([late.status, await errorOf(late)]).toEqual([
      409,
      expect.objectContaining({ code: 'request_ended' }),
    ])
  })

  it('stops a stream, whose client is told why, and its engine', async () => {
    const { id, read, response } = await begin(ANN)
    await using watching = await readFeed(base(), { headers: ANN })
    await watching.until(({ requests }) => requests.get(id)?.state === 'streaming')
    const begun = performance.now()
    expect(await (await stopRequest(base(), id, ANN)).json()).toMatchObject({ id, key: 'ann' })
    const { outcome, error } = await read
    const took = performance.now() - begun
    expect({ outcome, error }).toMatchObject({
      outcome: 'failed',
      error: {
        code: 'request_stopped',
        message: expect.stringMatching(/^request: .*; send it again/),
      },
    })
    expect(took).toBeLessThan(2_000)
    console.info(`${host}: a stream ends ${took.toFixed(0)} ms after it was stopped`)
    const sent = relay.upstream.requests.at(-1)
    await sent?.closedWithin(1_500)
    expect(await logOf(relay.server, response)).toMatchObject({
      outcome: 'cancelled',
      code: 'request_stopped',
    })
    const ended = await watching.until(({ requests }) => {
      const found = requests.get(id)
      return found?.state === 'ended' && found
    })
    expect(ended).toMatchObject({ outcome: 'cancelled', code: 'request_stopped' })
  })

  it('stops one that has no answer yet, with a status that nobody retries', async () => {
    relay.upstream.script = { steps: [{ hang: true }] }
    const asking = postChat(base(), { ...M, stream: false }, { headers: ANN })
    await using watching = await readFeed(base(), { headers: ROOT })
    const found = await watching.until(({ requests }) =>
      [...requests.values()].find(({ state, key }) => state === 'prefill' && key === 'ann'),
    )
    const begun = performance.now()
    expect((await stopRequest(base(), found.id, ROOT)).status).toBe(200)
    const response = await asking
    expect(performance.now() - begun).toBeLessThan(2_000)
    expect(response.status).toBe(499)
    expect(await errorOf(response)).toMatchObject({ code: 'request_stopped' })
  })

  it('stops one that waits for an engine, which is never asked', async () => {
    const upstream = await startUpstream({ models: named('m'), script: pace(500, 20) })
    const flags = ['--max-concurrency', '1', '--heartbeat', '200ms', '--header-wait', '50ms']
    await using server = await startServer(host, ['--upstream', `gpu=${upstream.url}`, ...flags])
    await fetch(`${server.base}/models`)
    const first = await postChat(server.base, M)
    const second = await postChat(server.base, M)
    const [one, two] = [readStream(first), readStream(second)]
    await using watching = await readFeed(server.base)
    await watching.until(({ requests }) => requests.get(idOf(second))?.place === 1)
    await stopRequest(server.base, idOf(second))
    expect(await two).toMatchObject({ outcome: 'failed', error: { code: 'request_stopped' } })
    await watching.until(({ requests }) => requests.get(idOf(second))?.outcome === 'cancelled')
    expect(watching.requests.get(idOf(first))?.state).toBe('streaming')
    expect(chatsAt(upstream)).toBe(1)
    await stopRequest(server.base, idOf(first))
    expect((await one).outcome).toBe('failed')
    // No engine is held to account for it.
    const [gpu] = (await listActivity(server.base)).engines ?? []
    expect(gpu).toMatchObject({ label: 'gpu', breaker: 'closed', running: 0 })
    await upstream.close()
  })

  it('stops a response in the background, which is cancelled', async () => {
    relay.upstream.script = pace(500, 20)
    const begun = await fetch(`${base()}/responses`, {
      method: 'POST',
      headers: { ...ANN, 'content-type': 'application/json' },
      body: JSON.stringify({ ...M, input: 'Go.', background: true }),
    })
    const { id, error } = (await begun.json()) as { id: string; error?: { code: string } | null }
    // On workerd nothing runs on without its connection.
    if (error) return expect(can(host, 'waking')).toBe(false)
    await using watching = await readFeed(base(), { headers: ANN })
    await watching.until(({ requests }) => requests.get(idOf(begun))?.state === 'streaming')
    expect((await stopRequest(base(), idOf(begun), ANN)).status).toBe(200)
    await watching.until(({ requests }) => requests.get(idOf(begun))?.outcome === 'cancelled')
    const stored = await fetch(`${base()}/responses/${id}`, { headers: ANN })
    expect(await stored.json()).toMatchObject({ status: 'cancelled', error: null })
  })

  it('shows what is left of the limits of each key to admins, and of its own to a key', async () => {
    const { id, read } = await begin(ANN)
    await using watching = await readFeed(base(), { headers: ROOT })
    const found = await watching.until(({ parts }) => {
      const ann = parts.keys?.find(({ name }) => name === 'ann')
      return (ann?.running ?? 0) > 0 && parts.keys
    })
    expect(found.map(({ name }) => name)).toEqual(['ann', 'bob', 'root'])
    const [ann] = found
    expect(ann).toMatchObject({
      running: 1,
      maxConcurrency: 5,
      requests: { limit: 50 },
      tokens: { limit: 6_000 },
    })
    expect(ann?.requests?.remaining).toBeLessThan(50)
    expect(ann?.requests?.remaining).toBeGreaterThan(0)
    expect(ann?.tokens?.remaining).toBeLessThan(6_000)
    expect(ann?.tokens?.fullInMs).toBeGreaterThan(0)
    const before = (await listActivity(base(), ANN)).keys
    expect(before.map(({ name }) => name)).toEqual(['ann'])
    const { keys } = await listActivity(base(), BOB)
    const unlimited = { used: expect.any(Number) }
    const use = {
      period: expect.any(String),
      ...{ requests: unlimited, tokens: { ...unlimited, answers: expect.any(Number) } },
    }
    expect(keys).toEqual([{ name: 'bob', running: 0, day: use, month: use }])
    await stopRequest(base(), id, ANN)
    await read
  })

  it('shows what clients say of themselves as text, and no key', async () => {
    const evil = '<img src=x onerror=alert(1)>'
    relay.upstream.script = pace(3, 5)
    const headers = {
      ...ANN,
      'user-agent': `${evil} ${'x'.repeat(500)}`,
      'x-session-id': `s-${evil}`,
    }
    const response = await postChat(base(), { model: `m` }, { headers })
    await readStream(response)
    const odd = await postChat(base(), { model: `m"</script>\u202e${evil}` }, { headers })
    await odd.text()
    const text = await (await fetch(`${base()}/activity`, { headers: ROOT })).text()
    const { requests } = JSON.parse(text) as Awaited<ReturnType<typeof listActivity>>
    const found = requests.find(({ id }) => id === idOf(response))
    expect(found?.client?.startsWith(evil)).toBe(true)
    expect(found?.client?.length).toBeLessThanOrEqual(201)
    expect(found?.session).toBe(`s-${evil}`)
    expect(requests.find(({ id }) => id === idOf(odd))?.model).not.toContain('\u202e')
    const type = (await fetch(`${base()}/activity`, { headers: ROOT })).headers.get('content-type')
    expect(type).toBe('application/json')
    for (const key of ['root-key', 'ann-key', 'bob-key', 'Bearer', 'sha256:'])
      expect(text).not.toContain(key)
  })

  it('refuses too many streams of one caller, and forgets those that ended', async () => {
    const open = await Promise.all(
      Array.from({ length: 16 }, () => readFeed(base(), { headers: BOB })),
    )
    const refused = await fetch(`${base()}/activity?stream=true`, { headers: BOB })
    expect(refused.status).toBe(429)
    expect(refused.headers.get('retry-after')).toBe('5')
    expect(await errorOf(refused)).toMatchObject({
      code: 'too_many_readers',
      message:
        'stream: expected at most 16 open streams of activity for one caller, got one more; close one, or leave stream out.',
    })
    expect((await listActivity(base(), BOB)).isAdmin).toBe(false)
    await using others = await readFeed(base(), { headers: ANN })
    expect(others.events.length).toBeGreaterThanOrEqual(0)
    await Promise.all(open.map((each) => each[Symbol.asyncDispose]()))
    // workerd learns of it only as it writes.
    for (let tries = 0; ; tries++) {
      const again = await fetch(`${base()}/activity?stream=true`, { headers: BOB })
      await again.body?.cancel()
      if (again.status === 200) break
      expect(tries).toBeLessThan(50)
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  })

  it('does not count for the concurrency of its key', async () => {
    const open = await Promise.all(
      Array.from({ length: 6 }, () => readFeed(base(), { headers: ANN })),
    )
    relay.upstream.script = pace(2, 5)
    const read = await readStream(await postChat(base(), M, { headers: ANN }))
    expect(read.outcome).toBe('finished')
    await Promise.all(open.map((each) => each[Symbol.asyncDispose]()))
  })

  describe('where it is switched off', () => {
    const off = useServer(host, ['--activity', '0'])
    it.each(['/activity', '/activity/x', '/activity?stream=true'])('%s says so', async (path) => {
      const response = await fetch(off.base + path)
      expect(response.status).toBe(404)
      expect(await errorOf(response)).toMatchObject({
        code: 'activity_off',
        message: expect.stringContaining('activity is 0; set it to'),
      })
    })
  })

  it('is refused to pages of another origin', needs(host, 'sockets'), async () => {
    await using server = await startServer(host)
    const headers = { origin: 'https://evil.example' }
    for (const path of ['/activity', '/activity?stream=true']) {
      const response = await fetch(server.base + path, { headers })
      expect(response.status).toBe(403)
      await response.text()
      // A script or an image of theirs names no origin.
      const loaded = await fetch(server.base + path)
      expect(loaded.headers.get('cross-origin-resource-policy')).toBe('same-origin')
      await loaded.body?.cancel()
    }
    const stop = await stopRequest(server.base, 'x', headers)
    expect(stop.status).toBe(403)
  })
}
