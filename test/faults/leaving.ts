import { setTimeout as sleep } from 'node:timers/promises'
import { beforeAll, describe, expect, it } from 'vitest'
import { chunk, ROLE, STOP, text } from '../support/oddities/plain.ts'
import { postChat, rawRequest } from '../support/read.ts'
import { nextFor, type Relay, tag, useRelay } from '../support/relay.ts'
import type { Script } from '../support/script.ts'
import type { HostName } from '../support/server.ts'
import {
  type Baseline,
  baselineOf,
  expectClean,
  expectOneLine,
  expectReleased,
  until,
} from './observe.ts'

/** When a client leaves: what the upstream has done by then, and what the client has seen of it. */
interface Moment {
  name: string
  script: Script
  stream?: boolean
  /** What the client has read before it leaves; by default it only knows that it was asked. */
  seen?: RegExp
  /** How much it has read. */
  bytes?: number
  /** It stops reading for so many milliseconds before. */
  deaf?: number
}

const SPOKEN = text(ROLE, chunk({ content: 'Hello' }))
const HANG = { hang: true } as const
const JSON_TYPE = { 'content-type': 'application/json' }

const MOMENTS: Moment[] = [
  { name: 'before the headers', script: { headersAfter: 'never', steps: [] } },
  { name: 'before the first token', script: { steps: [HANG] } },
  {
    name: 'after the role',
    script: { steps: [{ send: text(ROLE) }, HANG] },
    seen: /"role"/,
  },
  {
    name: 'after the first token',
    script: { steps: [{ send: SPOKEN }, HANG] },
    seen: /Hello/,
  },
  {
    name: 'in a frame',
    script: { steps: [{ send: `${SPOKEN}data: {"id":"chatcmpl-odd","ch` }, HANG] },
    seen: /Hello/,
  },
  {
    name: 'between tokens',
    script: { steps: [{ repeat: 2_000, steps: [{ send: SPOKEN }, { wait: 20 }] }] },
    seen: /Hello/,
  },
  {
    name: 'while it drips',
    script: { steps: [{ send: SPOKEN }, { drip: SPOKEN.repeat(100), every: 10 }] },
    seen: /Hello/,
  },
  {
    name: 'in a flood',
    script: { steps: [{ flood: { text: SPOKEN } }] },
    bytes: 1_000_000,
  },
  {
    name: 'in a flood that it does not read',
    script: { steps: [{ flood: { text: SPOKEN } }] },
    seen: /Hello/,
    deaf: 700,
  },
]

/** Where nothing is written before the end, workerd learns of it only then. */
const WHOLE: Moment[] = [
  {
    name: 'whole: before the headers',
    script: { headersAfter: 'never', steps: [] },
    stream: false,
  },
  {
    name: 'whole: in the JSON',
    script: { headers: JSON_TYPE, steps: [{ send: '{"id":' }, HANG] },
    stream: false,
  },
]

/** A client that leaves, at each moment and in both ways: the upstream is let go, and nothing is left. */
export function leaving(host: HostName): void {
  const relay = useRelay(host, { flags: ['--heartbeat', '200ms', '--header-wait', '300ms'] })
  let before: Baseline
  beforeAll(async () => {
    const script = { persona: 'vllm' }
    const warm = async () => (await postChat(relay.server.base, { script, model: 'warm' })).text()
    await Promise.all(Array.from({ length: 30 }, warm))
    before = baselineOf(relay.server, relay.upstream)
  })

  const moments = [...MOMENTS, ...(host === 'workerd' ? [] : WHOLE)]
  describe.concurrent.each(['close', 'reset'] as const)('by a %s', (how) => {
    it.each(moments)('$name', (moment) => leave(relay, moment, how))
  })

  it('once the finish is on its way is no loss', () => late(relay))

  it('leaves nothing behind', { tags: ['judges-others'] }, async () => {
    await expectClean(relay.server, before, relay.upstream)
    expect(relay.server.stderr()).not.toMatch(/unhandled error|stack|TypeError/)
  })
}

async function leave(relay: Relay, moment: Moment, how: 'close' | 'reset'): Promise<void> {
  const { script, stream = true, seen, bytes = 0, deaf } = moment
  const model = `${how} ${moment.name}`
  const messages = [{ role: 'user', content: 'Go.' }]
  const body = tag({ model, stream, messages, script })
  const client = await rawRequest({ port: relay.server.port, body })
  try {
    const asked = await nextFor(relay, body)
    if (seen) await client.waitFor(seen)
    await until(() => client.received() >= bytes, 5_000)
    if (deaf) client.pause()
    await sleep(deaf ?? 50)
    expect(asked.hungUpAt).toBeUndefined()
    client.hangUp(how)
    await asked.closedWithin(5_000)
    await expectOneLine(relay.server, model, { outcome: 'cancelled', engine: 'gpu' })
  } finally {
    client.hangUp()
  }
}

/** The finish was sent, `[DONE]` was not: one outcome all the same, and the upstream is let go. */
async function late(relay: Relay): Promise<void> {
  const model = 'left late'
  const messages = [{ role: 'user', content: 'Go.' }]
  const script = { steps: [{ send: SPOKEN + text(STOP) }, HANG] }
  const body = tag({ model, stream: true, messages, script })
  const client = await rawRequest({ port: relay.server.port, body })
  const asked = await nextFor(relay, body)
  await client.waitFor('"stop"')
  client.hangUp()
  await until(() => asked.hungUpAt !== undefined, 8_000)
  await expectReleased([asked])
  await expectOneLine(relay.server, model, { engine: 'gpu', status: 200 })
  const [line] = relay.server.log.filter((entry) => entry.model === model)
  expect(line?.outcome).toMatch(/^(finished|cancelled)$/)
}
