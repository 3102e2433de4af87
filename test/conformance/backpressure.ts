import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { postChat } from '../support/read.ts'
import { nextFor, type Relay, sentFor, tag, useRelay } from '../support/relay.ts'
import type { Script } from '../support/script.ts'
import type { HostName } from '../support/server.ts'
import { END, token } from '../support/talk.ts'

const MIB = 1024 * 1024
/** Bytes that may be under way: the sockets of two connections hold some 6 MiB each. */
const UNDER_WAY = 40 * MIB

/** A client that reads slowly slows the engine; it never grows the server's memory. */
export function backpressure(host: HostName): void {
  describe('a client that reads slowly', () => {
    const relay = useRelay(host)

    it('stops the upstream of a client that stops reading, and loses nothing', async () => {
      const { script, bytes, sha256 } = numbered(64 * MIB)
      const before = relay.server.memory()
      relay.upstream.script = script
      const body = tag({})
      const response = await postChat(relay.server.base, body)
      const upstream = await nextFor(relay, body)
      const stood = await standstill(() => upstream.sentBytes)
      expect(stood).toBeLessThan(UNDER_WAY)
      const grown = relay.server.memory() - before
      console.info(`${host}: ${inMib(stood)} MiB under way, memory up by ${inMib(grown)} MiB`)
      expect(grown).toBeLessThan(100 * MIB)

      const read = await digest(response)
      expect(read).toEqual({ bytes, sha256 })
      expect(upstream.finished).toBe(true)
      expect(relay.server.memory() - before).toBeLessThan(150 * MIB)
    })

    it('holds for many clients that do not read', async () => {
      relay.upstream.script = { steps: [{ flood: { text: event(0) } }] }
      const control = new AbortController()
      const before = relay.server.memory()
      const bodies = Array.from({ length: 12 }, () => tag({}))
      const { signal } = control
      const streams = await Promise.all(
        bodies.map((body) => postChat(relay.server.base, body, { signal })),
      )
      const sent = () =>
        bodies.reduce((sum, body) => sum + (sentFor(relay, body)[0]?.sentBytes ?? 0), 0)
      expect(await standstill(sent)).toBeLessThan(bodies.length * UNDER_WAY)
      expect(relay.server.memory() - before).toBeLessThan(300 * MIB)
      control.abort()
      await Promise.all(streams.map((each) => each.text().catch(() => {})))
      for (const body of bodies) await sentFor(relay, body)[0]?.closedWithin(5_000)
    })

    it('lets the pace be that of a slow client', async () => {
      relay.upstream.script = { steps: [{ flood: { text: event(0) } }] }
      const body = tag({})
      const control = new AbortController()
      const response = await postChat(relay.server.base, body, { signal: control.signal })
      const upstream = await nextFor(relay, body)
      const reader = response.body?.getReader()
      let read = 0
      for (let round = 0; round < 60; round++) {
        read += (await reader?.read())?.value?.length ?? 0
        await sleep(20)
      }
      expect(upstream.sentBytes - read).toBeLessThan(UNDER_WAY)
      expect(upstream.finished).toBe(false)
      control.abort()
      await upstream.closedWithin(5_000)
    })

    it('spares the others: one that reads is served at once', async () => {
      relay.upstream.script = { steps: [{ flood: { text: event(0) } }] }
      const body = tag({})
      const control = new AbortController()
      const stuck = await postChat(relay.server.base, body, { signal: control.signal })
      await standstill(() => sentFor(relay, body)[0]?.sentBytes ?? 0)
      const begin = performance.now()
      const script = { persona: 'vllm', words: ['Hi.'] }
      expect(await (await postChat(relay.server.base, { script })).text()).toContain('[DONE]')
      expect(performance.now() - begin).toBeLessThan(1_000)
      control.abort()
      await stuck.text().catch(() => {})
    })

    it('a long stream that is read leaves no memory behind', async () => {
      await drink(relay, 24 * MIB)
      const before = relay.server.memory()
      await drink(relay, 48 * MIB)
      expect(relay.server.memory() - before).toBeLessThan(100 * MIB)
    })
  })
}

/** Reads a whole flood of so many bytes. */
async function drink(relay: Relay, bytes: number): Promise<void> {
  const end = { send: END }
  relay.upstream.script = { steps: [{ flood: { text: event(0), bytes } }, end] }
  const read = await digest(await postChat(relay.server.base, {}))
  expect(read.bytes).toBeGreaterThanOrEqual(bytes)
}

function inMib(bytes: number): string {
  return (bytes / MIB).toFixed(1)
}

const FILL = 'lorem ipsum dolor sit amet '.repeat(150)

function event(number: number): string {
  return token(`${number} ${FILL}`)
}

/** A faultless stream of about so many bytes, each event unlike all others. */
function numbered(size: number): { script: Script; bytes: number; sha256: string } {
  const hash = createHash('sha256')
  const steps: { send: string }[] = []
  let bytes = 0
  const add = (send: string) => {
    steps.push({ send })
    hash.update(send)
    bytes += Buffer.byteLength(send)
  }
  for (let number = 0; bytes < size; ) {
    let packet = ''
    for (let count = 0; count < 16; count++) packet += event(number++)
    add(packet)
  }
  add(END)
  return { script: { steps }, bytes, sha256: hash.digest('hex') }
}

/** Resolves with a number once it has not grown for 600 ms; rejects where it grows for 15 s. */
async function standstill(value: () => number): Promise<number> {
  const deadline = performance.now() + 15_000
  for (let last = -1, same = 0; performance.now() < deadline; ) {
    await sleep(100)
    const now = value()
    same = now === last && now > 0 ? same + 1 : 0
    last = now
    if (same === 6) return now
  }
  throw new Error(`It never stopped: ${value()} so far.`)
}

async function digest(response: Response): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash('sha256')
  const reader = response.body?.getReader()
  let bytes = 0
  for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) {
    hash.update(part.value)
    bytes += part.value.length
  }
  return { bytes, sha256: hash.digest('hex') }
}
