import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, describe, expect, it } from 'vitest'
import { type Client, openClient } from '../support/client.ts'
import { can, needs } from '../support/hosts.ts'
import { postChat, readStream } from '../support/read.ts'
import { nextFor, type Relay, relayChat, tag, useRelay } from '../support/relay.ts'
import type { Script, Step } from '../support/script.ts'
import type { HostName } from '../support/server.ts'
import { pace, talk, token } from '../support/talk.ts'
import type { RecordedRequest } from '../support/upstream.ts'

const HEARTBEAT = 200
const HEADER_WAIT = 300

/** A client that leaves, at whatever moment, stops the engine at its source. */
export function cancel(host: HostName): void {
  const times = new Map<string, number>()
  afterAll(() => {
    const told = [...times].map(([name, ms]) => `${name} ${ms.toFixed(1)}`)
    console.info(`${host}: ms from hang-up to the close of the upstream's socket:`)
    console.info(`  ${told.join(', ')}`)
  })

  // workerd learns of it only as it writes: there heartbeats bound the time. Elsewhere nothing may
  // be written before it is known.
  const writesToKnow = !can(host, 'hangups')

  describe('at once', () => {
    const relay = useRelay(host, {
      flags: writesToKnow
        ? ['--heartbeat', `${HEARTBEAT}ms`, '--header-wait', `${HEADER_WAIT}ms`]
        : ['--heartbeat', '20s', '--header-wait', '20s'],
    })
    const limit = writesToKnow ? HEARTBEAT + 1_000 : 1_000
    const early = writesToKnow ? limit + HEADER_WAIT : limit
    const leave = (moment: Moment) => leaveAt(relay, { limit, ...moment }, times)

    streaming(host, relay, leave, limit)

    it('before the first chunk', () =>
      leave({ name: 'before the first chunk', script: { steps: [{ hang: true }] }, limit: early }))

    it('before headers', () =>
      leave({
        name: 'before headers',
        script: { headersAfter: 'never', steps: [] },
        limit: early,
      }))

    // Nothing is written before a whole answer, so workerd has nothing to learn it by.
    describe('where no stream was asked for', needs(host, 'hangups'), () => whole(leave))

    it('but not one that reads to the end, and the next is served as ever', async () => {
      const { read, sent, entry } = await relayChat(relay, {
        script: talk('tok 0', 'tok 1', 'tok 2'),
      })
      expect(read).toMatchObject({ outcome: 'finished', problems: [], text: 'tok 0tok 1tok 2' })
      expect(sent[0]?.finished).toBe(true)
      expect(sent[0]?.hungUpAt).toBeUndefined()
      expect(entry.outcome).toBe('finished')
    })
  })

  // A server may see a client leave only while it still reads from it: a request of many packets
  // tells.
  describe('at once, after a long request', () => {
    const relay = useRelay(host, {
      flags: writesToKnow
        ? ['--heartbeat', `${HEARTBEAT}ms`, '--header-wait', `${HEADER_WAIT}ms`]
        : ['--heartbeat', '20s', '--header-wait', '20s'],
    })
    const limit = writesToKnow ? HEADER_WAIT + 2 * HEARTBEAT + 1_000 : 1_000
    const extra = { filler: 'x'.repeat(200_000) }
    const leave = (moment: Moment) => leaveAt(relay, { limit, extra, ...moment }, times)

    it('before headers', () =>
      leave({ name: 'long: before headers', script: { headersAfter: 'never', steps: [] } }))

    it('before the first chunk', () =>
      leave({ name: 'long: before the first chunk', script: { steps: [{ hang: true }] } }))

    it('during a silent wait', () =>
      leave({ name: 'long: silent wait', script: opening(3, { hang: true }), until: /"tok 2"/ }))

    it('where no stream was asked for', needs(host, 'hangups'), () =>
      leave({ name: 'long: whole', stream: false, script: { headersAfter: 'never', steps: [] } }),
    )
  })
}

type Leave = (moment: Moment) => Promise<void>

function streaming(host: HostName, relay: Relay, leave: Leave, limit: number): void {
  it('between tokens', () => leave({ name: 'between tokens', script: chatter(20), until: /"tok"/ }))

  it('by a reset', () =>
    leave({ name: 'reset', script: chatter(20), until: /"tok"/, how: 'reset' }))

  it('during a silent wait', () =>
    leave({ name: 'silent wait', script: opening(3, { hang: true }), until: /"tok 2"/ }))

  it('in the middle of an event', () =>
    leave({
      name: 'inside an event',
      script: opening(2, { send: 'data: {"id":"chatcmpl-c","choices":[{' }, { hang: true }),
      until: /"tok 1"/,
    }))

  it('in the middle of a flood', () =>
    leave({ name: 'flood', script: flood(), until: (client) => client.received() > 2_000_000 }))

  // In one process eight floods are a matter of how fast that process is.
  it('in the middle of a flood that it has stopped reading', needs(host, 'process'), async () => {
    const until = async (client: Client) => {
      await client.waitFor(/"tok"/)
      client.pause()
      await sleep(700)
      return true
    }
    relay.upstream.script = flood()
    const others = Array.from({ length: 7 }, () => leaveAt(relay, { name: '', limit, until }))
    await Promise.all([leave({ name: 'flood, unread', until }), ...others])
  })

  it('all of many at once', async () => {
    relay.upstream.script = chatter(20)
    const many = Array.from({ length: 30 }, () =>
      leaveAt(relay, { name: '', limit: limit + 1_000, until: /"tok"/ }),
    )
    await Promise.all(many)
  })

  it('by a fetch that is aborted', async () => {
    const body = tag({ script: chatter(20) })
    const control = new AbortController()
    const response = await postChat(relay.server.base, body, { signal: control.signal })
    const upstream = await nextFor(relay, body)
    const read = await readStream(response, {
      onEvent: (_, count) => {
        if (count === 3) control.abort()
        return undefined
      },
    })
    expect(read.outcome).toBe('truncated')
    await upstream.closedWithin(limit)
    await expectCancelled(relay, upstream)
  })
}

function whole(leave: Leave): void {
  const stream = false

  it('before the upstream has answered', () =>
    leave({ name: 'whole, no headers', stream, script: { headersAfter: 'never', steps: [] } }))

  it('before its answer is whole', () =>
    leave({
      name: 'whole, half read',
      stream,
      script: {
        headers: { 'content-type': 'application/json' },
        steps: [{ send: '{"id":"a",' }, { hang: true }],
      },
    }))

  it('while a stream is being folded', () =>
    leave({
      name: 'whole, folded',
      stream,
      script: { headers: { 'content-type': 'text/event-stream' }, ...chatter(20) },
    }))
}

interface Moment {
  name: string
  /** What the upstream does from now on; as before by default. */
  script?: Script
  stream?: boolean
  /** What has to happen before the client leaves; by default only that the upstream was asked. */
  until?: RegExp | ((client: Client) => boolean | Promise<boolean>)
  how?: 'close' | 'reset'
  /** More fields of the request. */
  extra?: Record<string, unknown>
  /** Milliseconds. */
  limit?: number
}

async function leaveAt(relay: Relay, moment: Moment, times?: Map<string, number>): Promise<void> {
  const { script, stream = true, until, how, extra, limit } = moment
  // A script in the request would make it long, and on some hosts that matters.
  if (script) relay.upstream.script = script
  const messages = [{ role: 'user', content: 'Go.' }]
  const body = tag({ model: 'm', stream, messages, ...extra })
  const client = await openClient(relay.server, body)
  try {
    const upstream = await nextFor(relay, body)
    if (until instanceof RegExp) await client.waitFor(until)
    else if (until) while (!(await until(client))) await sleep(5)
    else await sleep(50)
    expect(upstream.hungUpAt).toBeUndefined()
    const left = client.hangUp(how)
    const closed = await upstream.closedWithin(limit)
    times?.set(moment.name, closed - left)
    await expectCancelled(relay, upstream)
  } finally {
    client.hangUp()
  }
}

/** The log has a line for the one that left, and says so. */
async function expectCancelled(relay: Relay, upstream: RecordedRequest): Promise<void> {
  const entry = await relay.server.nextLog(({ outcome }) => outcome === 'cancelled')
  expect(entry).toMatchObject({ path: '/v1/chat/completions', engine: 'gpu' })
  expect(upstream.finished).toBe(false)
}

/** A token every `ms`, for longer than any test. */
function chatter(ms: number): Script {
  return pace(2_000, ms)
}

/** `tok 0`, `tok 1` … at once, and then what is given, without an end. */
function opening(count: number, ...then: Step[]): Script {
  const tokens = Array.from({ length: count }, (_, at) => token(`tok ${at}`)).join('')
  return { steps: [{ send: tokens }, ...then] }
}

function flood(): Script {
  return { steps: [{ flood: { text: token() } }] }
}
