import { transformWriter } from '../stream/transform-writer.ts'
import { delay } from '../util/delay.ts'
import type { RecordedPacket, Recording } from './recording.ts'

/** How a recording is replayed; by default exactly as it arrived. */
export interface ReplayOptions {
  /** The speed factor; 0 replays without waiting. */
  speed?: number
  /** The bytes of each packet: the body is split again into packets of this size. */
  split?: number
  /** The most milliseconds by which a packet is late, at random. */
  jitter?: number
  /** The seed of the jitter: the same seed gives the same delays. */
  seed?: number
}

/** Headers of the recorded connection, which are not replayed. */
const CONNECTION_HEADERS = new Set([
  'connection',
  'content-encoding',
  'content-length',
  'date',
  'keep-alive',
  'proxy-authenticate',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** The packets with the times at which to send them, in milliseconds after the request. */
export function packetSchedule(
  recording: Recording,
  options: ReplayOptions = {},
): RecordedPacket[] {
  const { speed = 1, split, jitter = 0, seed = 1 } = options
  const random = randomFrom(seed)
  let last = 0
  return recording.packets.flatMap(({ at, bytes }) => {
    const late = jitter > 0 ? random() * jitter : 0
    // Packets never overtake each other.
    last = Math.max(last, timeAt(at, speed) + late)
    return pieces(bytes, split).map((piece) => ({ at: last, bytes: piece }))
  })
}

/**
 * Replays a recorded answer: the same status, headers and body, and a connection that breaks where it
 * broke. Aborting the signal ends it immediately.
 */
export async function replay(
  recording: Recording,
  signal: AbortSignal,
  options: ReplayOptions = {},
): Promise<Response> {
  const startedAt = performance.now()
  const until = (at: number) => waitUntil(startedAt + at, signal)
  const { response, end } = recording
  const { speed = 1 } = options
  if (response === undefined) {
    await until(timeAt(end.at, speed))
    throw new Error(end.why ?? 'no response was recorded')
  }
  await until(timeAt(response.at, speed))
  const { status } = response
  const headers = response.headers.filter(([name]) => !CONNECTION_HEADERS.has(name.toLowerCase()))
  if (status === 204 || status === 304) return new Response(null, { status, headers })
  const pipe = transformWriter()
  const leave = () => pipe.break(signal.reason)
  signal.addEventListener('abort', leave, { once: true })
  pipe.closed.catch(() => {})

  async function play(): Promise<void> {
    for (const { at, bytes } of packetSchedule(recording, options)) {
      await until(at)
      await pipe.write([bytes])
      // Yields, so that the runtime sends the next piece as a separate packet.
      if (options.split !== undefined) await nextTurn()
    }
    await until(timeAt(end.at, speed))
    if (end.how === 'broken') throw new Error('the recorded connection broke here')
    pipe.close()
  }

  void play()
    .catch((error: unknown) => pipe.break(error))
    .finally(() => signal.removeEventListener('abort', leave))
  return pipe.respond({ status, headers })
}

function timeAt(at: number, speed: number): number {
  return speed === 0 ? 0 : at / speed
}

function pieces(bytes: Uint8Array<ArrayBuffer>, size = bytes.length): Uint8Array<ArrayBuffer>[] {
  const cut: Uint8Array<ArrayBuffer>[] = []
  for (let at = 0; at < bytes.length; at += size) cut.push(bytes.slice(at, at + size))
  return cut
}

/** Waits for a point in time instead of a duration: timers are late, and delays would add up. */
async function waitUntil(time: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  const ms = time - performance.now()
  if (ms > 0) await delay(ms, signal)
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0))
}

/** Pseudo-random numbers from 0 to 1, the same for a seed: a linear congruential generator. */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}
