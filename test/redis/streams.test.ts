// Streams that another instance continues: real servers, a real Redis, a scripted upstream.
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type RedisProcess, startRedis } from '../support/redis.ts'
import { expectError } from '../support/refusal.ts'
import { logOf, nextFor, sentFor, tag } from '../support/relay.ts'
import {
  askResumable,
  type EventsRead,
  type ResumableApi,
  randomFrom,
  readEvents,
  readInPieces,
  resume,
  resumeUrl,
} from '../support/resuming.ts'
import { type Server, startServer } from '../support/server.ts'
import { pace, talk, token } from '../support/talk.ts'
import { startUpstream, type Upstream } from '../support/upstream.ts'

const APIS: ResumableApi[] = ['chat', 'messages', 'responses', 'ollama']

let redis: RedisProcess
let upstream: Upstream
const servers: Server[] = []

async function start(...flags: string[]): Promise<Server> {
  const all = ['--upstream', `gpu=${upstream.url}`, '--state', redis.url, '--header-wait', '200ms']
  const server = await startServer('bun', [...all, '--resume-grace', '1500ms', ...flags])
  servers.push(server)
  return server
}

let a: Server
let b: Server

beforeAll(async () => {
  redis = await startRedis()
  upstream = await startUpstream()
  ;[a, b] = await Promise.all([start(), start()])
}, 60_000)

afterAll(async () => {
  await Promise.all(servers.map((server) => server.kill()))
  await upstream?.close()
  await redis?.stop()
})

const relay = () => ({ upstream })

describe('a stream', () => {
  it.for(APIS)('%s: goes on at any instance, each event once', async (api, { expect }) => {
    const body = tag({ script: pace(40, 15) })
    const response = await askResumable(a.url, api, body)
    const whole = fetch(resumeUrl(b.url, response)).then((answer) => readEvents(answer))
    const random = randomFrom(api.length)
    const assembled = await readInPieces(response, { random, servers: [a.url, b.url] })
    const { events, isOver } = await whole
    expect(isOver).toBe(true)
    expect(assembled.join('')).toBe(events.join(''))
    expect(events.join('').match(/tok/g)?.length).toBeGreaterThanOrEqual(40)
    expect(sentFor(relay(), body)).toHaveLength(1)
    expect((await logOf(a, response)).outcome).toBe('finished')
  })

  it('is stopped from another instance, before its first token too', async () => {
    const body = tag({ script: { headersAfter: 'never' as const, steps: [] } })
    const response = await askResumable(a.url, 'chat', body)
    const sent = await nextFor(relay(), body)
    const reading = readEvents(response)
    const at = performance.now()
    const stopping = await fetch(resumeUrl(b.url, response), { method: 'DELETE' })
    expect(await stopping.json()).toMatchObject({ object: 'stream' })
    const closedAt = await sent.closedWithin(2_000)
    expect(closedAt - at).toBeLessThan(1_000)
    expect((await reading).events.at(-1)).toContain('"stream_stopped"')
    await expect
      .poll(
        async () =>
          (await (
            await fetch(`${resumeUrl(b.url, response)}/stop`, { method: 'POST' })
          ).json()) as object,
      )
      .toMatchObject({ state: 'stopped' })
  })

  it('goes on while somebody reads it elsewhere, and stops when nobody does', async () => {
    const body = tag({ script: talk('tok', { hang: true }) })
    const response = await askResumable(a.url, 'chat', body)
    const sent = await nextFor(relay(), body)
    const { events } = await readEvents(response, 1)
    const leaving = new AbortController()
    const { signal } = leaving
    const headers = { 'last-event-id': String(events.length - 1) }
    const elsewhere = fetch(resumeUrl(b.url, response), { signal, headers })
    await sleep(3_000)
    expect(sent.hungUpAt).toBeUndefined()
    leaving.abort()
    await elsewhere.then((answer) => answer.text()).catch(() => {})
    await sent.closedWithin(6_000)
    expect((await logOf(a, response)).code).toBe('stream_abandoned')
  })

  it('ends once where its instance is killed, in each API', async () => {
    const dying = await start()
    const begun = await Promise.all(APIS.map((api) => beginAt(dying, api)))
    await sleep(300)
    await dying.kill()
    const at = performance.now()
    await Promise.all(begun.map((each) => expectLost(each)))
    expect(performance.now() - at).toBeLessThan(12_000)
  })

  it('is handed over by an instance that is shut down', async () => {
    const leaving = await start('--grace', '10s')
    const body = tag({ script: pace(60, 30) })
    const response = await askResumable(leaving.url, 'chat', body)
    const reading = response.text()
    await sleep(400)
    const stopped = leaving.stop()
    const text = await reading
    expect(text).toMatch(/\nretry: 1000\n\n$/)
    expect(text).not.toContain('[DONE]')
    const events = text.split(/(?<=\n\n)/).filter((each) => each.startsWith('id: '))
    const rest = await readEvents(await resume(resumeUrl(a.url, response), events.length))
    expect(rest.events.at(-1)).toContain('[DONE]')
    const whole = await readEvents(await fetch(resumeUrl(b.url, response)))
    expect([...events, ...rest.events]).toEqual(whole.events)
    expect(await stopped).toBe(0)
  })
})

interface Begun {
  api: ResumableApi
  response: Response
  events: string[]
  following: Promise<EventsRead>
}

/** Begins an answer that does not end, which a client follows elsewhere. */
async function beginAt(server: Server, api: ResumableApi): Promise<Begun> {
  const background = api === 'responses' && { background: true }
  const script = talk({ repeat: 10, steps: [{ send: token() }] }, { hang: true })
  const response = await askResumable(server.url, api, { script, ...background })
  const { events } = await readEvents(response, 5)
  const following = fetch(resumeUrl(b.url, response)).then((answer) => readEvents(answer))
  return { api, response, events, following }
}

async function expectLost({ api, response, events, following }: Begun): Promise<void> {
  const all = await following
  expect(all.isOver).toBe(true)
  expect(all.events.slice(0, events.length)).toEqual(events)
  expect(all.events.filter((event) => LOST.test(event))).toHaveLength(1)
  expect(all.events.at(-1)).toMatch(LOST)
  // A client that was ahead of the log gets the end alone, with a number of its own.
  const ahead = await readEvents(await resume(resumeUrl(a.url, response), all.events.length + 5))
  expect(ahead.events).toHaveLength(1)
  expect(ahead.events[0]).toMatch(LOST)
  if (api !== 'ollama') expect(ahead.events[0]).toMatch(`id: ${all.events.length + 5}\n`)
  if (api !== 'responses') return
  const [, id] = /"id":"(resp_\w+)"/.exec(events.join('')) ?? []
  const stored = await (await fetch(`${b.base}/responses/${id}`)).json()
  expect(stored).toMatchObject({ status: 'failed', error: { code: 'instance_lost' } })
}

const LOST = /"instance_lost"|the server that produced this answer is gone/
describe('a response in the background', () => {
  it('is read, followed and cancelled at any instance', async () => {
    const body = tag({ background: true, script: talk('tok', { hang: true }) })
    const response = await askResumable(a.url, 'responses', body, {
      headers: { 'x-sluice-resume': '0' },
    })
    const sent = await nextFor(relay(), body)
    const { events } = await readEvents(response, 4)
    const [, id] = /"id":"(resp_\w+)"/.exec(events.join('')) ?? []
    const after = Number(/"sequence_number":(\d+)/.exec(events.at(-1) ?? '')?.[1])
    const url = `${b.base}/responses/${id}`
    const following = fetch(`${url}?stream=true&starting_after=${after}`).then((answer) =>
      readEvents(answer),
    )
    expect(await (await fetch(url)).json()).toMatchObject({ id, background: true })
    const cancelled = await fetch(`${url}/cancel`, { method: 'POST' })
    expect(await cancelled.json()).toMatchObject({ id, status: 'cancelled' })
    await sent.closedWithin(1_500)
    expect((await following).events.at(-1)).toContain('response.failed')
    expect((await fetch(url, { method: 'DELETE' })).status).toBe(200)
    await expectError(await fetch(`${a.base}/responses/${id}`), 404)
    await expectError(await fetch(resumeUrl(a.url, response)), 404)
  })
})
