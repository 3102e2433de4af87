import { expect, it } from 'vitest'
import type { BodyWriter } from '../../../../src/platform/body-writer.ts'
import { Follower } from '../../../../src/routes/runs/follower.ts'
import { memoryRunLog } from '../../../../src/state/memory-run-log.ts'
import type { RunLog } from '../../../../src/state/run-log.ts'
import { sharedTicker } from '../../../../src/stream/ticker.ts'
import { decodeText, encodeText } from '../../../../src/wire/sse/sse.ts'

const key = { owner: 'ann', id: 'strm_1' }
const info = {
  ...({ api: 'chat', contentType: 'text/event-stream', hasIds: false } as const),
  ...{ isBackground: false, instance: 'a' },
}

/** A client that takes what is written when it is told to. */
function client(isFast: boolean) {
  const written: string[] = []
  const waiting: (() => void)[] = []
  const closed = Promise.withResolvers<void>()
  const writer: BodyWriter = {
    respond: () => new Response(),
    write(pieces) {
      written.push(...pieces.map((piece) => decodeText(piece)))
      return isFast ? undefined : new Promise<void>((resolve) => waiting.push(resolve))
    },
    close: () => closed.resolve(),
    break: () => closed.resolve(),
    closed: closed.promise,
  }
  const takeAll = () => {
    for (const each of waiting.splice(0)) each()
  }
  return { writer, written, takeAll }
}

async function following(isFast: boolean) {
  const local = memoryRunLog({ lease: Number.POSITIVE_INFINITY })
  const producer = local.begin(key, info, { bytes: 4_194_304, keepMs: 60_000 })
  let reads = 0
  const log: RunLog = new Proxy(local, {
    get: (target, name: keyof RunLog) => {
      if (name === 'read') reads++
      return target[name].bind(target)
    },
  })
  const { writer, written, takeAll } = client(isFast)
  const follower = new Follower({
    ...{ log, key, from: 0, writer, ticker: sharedTicker(1_000) },
    ...{ client: new AbortController().signal, heartbeat: 60_000, clientTimeout: 60_000 },
    ...{ beat: undefined, mayMove: true, isEventStream: true },
    async bury() {},
    async end() {},
    lastEvent: async () => undefined,
  })
  let next = 0
  /** As a run does. Returns whether it was given without a look into the log. */
  const write = (event: string) => {
    const isGiven = follower.awaits(next, event.length)
    producer.append([event], event.length, performance.now())
    next++
    if (isGiven) follower.give(1, event.length, encodeText(event))
    return isGiven
  }
  const end = () => void local.append(key, 1, next, [], 'finished')
  const settle = () => new Promise((resolve) => setTimeout(resolve, 5))
  await settle()
  return { follower, write, end, settle, written, takeAll, reads: () => reads }
}

it('a client that has read everything is given what comes, without a look into the log', async () => {
  const { follower, write, end, settle, written, reads } = await following(true)
  const before = reads()
  for (let at = 0; at < 100; at++) expect(write(`event ${at}\n\n`)).toBe(true)
  expect(written).toHaveLength(100)
  await settle()
  expect(reads()).toBe(before)
  expect([follower.at, follower.length]).toEqual([100, written.join('').length])
  end()
  await follower.done
  expect(written).toHaveLength(100)
})

it('one that is behind reads the log, and gets each event once and in order', async () => {
  const { follower, write, end, settle, written, takeAll } = await following(false)
  const events = Array.from({ length: 200 }, (_, at) => `${at} ${'x'.repeat(1_000)}\n\n`)
  const given = events.map((event) => write(event))
  // As much as is held for any client that does not read.
  expect(given.indexOf(false)).toBe(65)
  expect(given.lastIndexOf(true)).toBe(64)
  for (let turn = 0; turn < 20; turn++) {
    takeAll()
    await settle()
  }
  expect(written.join('')).toBe(events.join(''))
  expect(write('next\n\n')).toBe(true)
  follower.move()
  await settle()
  expect(write('after\n\n')).toBe(false)
  end()
  takeAll()
  await settle()
  expect(written.join('')).toBe(`${events.join('')}next\n\nretry: 1000\n\n`)
})
