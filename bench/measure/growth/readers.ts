import { growth } from '../../growth.ts'
import { median } from '../../stats.ts'
import {
  ADMIN,
  type Context,
  cpuTime,
  type Handler,
  hashOf,
  meanCost,
  requestOf,
  SHORT,
  upstream,
} from './process.ts'
import { times } from './sizes.ts'

const STREAMS = 200
/** Milliseconds between two tokens of a stream. */
const EVERY = 50

/** The CPU of a chunk, and of a request, while so many administrators read the activity feed. */
export async function measureReaders({ createHandler, scale, record }: Context): Promise<void> {
  const { sizes } = growth.readers.rows.chunk
  const hash = await hashOf(ADMIN)
  const keys = Array.from({ length: 2 }, (_, at) => ({
    name: `root-${at}`,
    hash: at === 0 ? hash : `sha256:${'0'.repeat(64)}`,
    admin: true,
  }))
  for (const size of sizes) {
    const clock = everyTick()
    const handlerOf = (pace?: () => Promise<void>): Handler =>
      createHandler({
        upstream: ['gpu=http://127.0.0.1:1/v1'],
        keys,
        authenticate: (request) => {
          const name = request.headers.get('x-reader')
          return name === null ? undefined : { name, admin: true }
        },
        fetch: upstream(pace ? { pace } : {}) as never,
      })
    const handler = handlerOf(clock.next)
    const stops = [readFeeds(handler, size)]
    const milliseconds = Math.max(500, 2_500 * scale)
    const max_tokens = Math.ceil((milliseconds + 1_500) / EVERY)
    const streams = Array.from({ length: STREAMS }, () => streamTokens(handler, max_tokens))
    await pause(700)
    const costs: number[] = []
    for (let part = 0; part < 5; part++) {
      const [before, chunks] = [cpuTime(), count(streams)]
      await pause(milliseconds / 5)
      costs.push((cpuTime() - before) / (count(streams) - chunks))
    }
    record('chunk', size, median(costs))
    await Promise.all(streams.map(({ ended }) => ended))
    clock.stop()
    const other = handlerOf()
    stops.push(readFeeds(other, size))
    const requests: number[] = []
    for (let round = 0; round < times(25, scale); round++) {
      const [, whole = Number.NaN] = await meanCost(other, { body: SHORT }, 20)
      if (round > 2 || scale < 1) requests.push(whole)
    }
    record('request', size, median(requests))
    for (const stop of stops) stop()
  }
}

/** All streams send their tokens by one timer, a twentieth of them at each tick. */
function everyTick() {
  const waiting: (() => void)[][] = Array.from({ length: 20 }, () => [])
  let at = 0
  let asked = 0
  const timer = setInterval(() => {
    const due = waiting[at++ % 20]?.splice(0) ?? []
    for (const resolve of due) resolve()
  }, EVERY / 20)
  return {
    next: () =>
      new Promise<void>((resolve) => {
        waiting[asked++ % 20]?.push(resolve)
      }),
    stop: () => clearInterval(timer),
  }
}

function streamTokens(handler: Handler, max_tokens: number) {
  const stream = { chunks: 0, ended: Promise.resolve() }
  const read = async () => {
    const { body } = await handler.fetch(requestOf({ body: { ...SHORT, max_tokens } }))
    const reader = body?.getReader()
    while (!(await reader?.read())?.done) stream.chunks++
  }
  stream.ended = read()
  return stream
}

function count(streams: readonly { chunks: number }[]): number {
  return streams.reduce((sum, { chunks }) => sum + chunks, 0)
}

/** Reads the feed as often, until the returned function is called. */
function readFeeds(handler: Handler, size: number): () => void {
  const stopping = new AbortController()
  const read = async (at: number) => {
    const headers = { 'x-reader': `admin-${at}` }
    const request = new Request(requestOf({ path: '/v1/activity?stream=true', headers }), {
      signal: stopping.signal,
    })
    const reader = (await handler.fetch(request)).body?.getReader()
    while (!(await reader?.read())?.done) {}
  }
  for (let at = 0; at < size; at++) read(at).catch(() => {})
  return () => stopping.abort()
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}
