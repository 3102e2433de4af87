import type { Recording, RecordingEnd } from '../../recording/recording.ts'

type Bytes = Uint8Array<ArrayBuffer>

/** A request, whose body is the bytes that were sent. */
export interface CapturedRequest {
  method: string
  url: string
  headers: Record<string, string>
  body?: Bytes | undefined
}

/** How a side ended, and why, in the words of a recording. */
export type SideEnd = [how: RecordingEnd, why?: string | undefined]

/** What is counted for each packet besides its bytes, and for each side besides its bodies. */
const PACKET_OVERHEAD = 64
const SIDE_OVERHEAD = 512

/** Bytes of the first and the largest piece of memory that packets are copied into. */
const MEMORY = { first: 1_024, most: 65_536 }

/** One side of a captured request: what was sent there, and what came back. Times are `performance.now()`. */
export class CapturedSide {
  readonly request: CapturedRequest
  /** When the request was sent, by `Date.now()` and by `performance.now()`. */
  readonly time: number
  readonly startedAt: number
  response: Recording['response']
  readonly packets: Recording['packets'] = []
  end: Recording['end'] | undefined
  /** Whether bytes of the answer are missing: from then on, none is added. */
  isCut = false
  /** What its packets take of memory. */
  held = 0
  /** Packets share memory: an `ArrayBuffer` for each would cost more than the copy. */
  #memory = new Uint8Array(0)
  #used = 0

  constructor(request: CapturedRequest, time: number, startedAt: number) {
    this.request = request
    this.time = time
    this.startedAt = startedAt
  }

  /** About what it takes of memory without its bodies. */
  get overhead(): number {
    const { url, headers } = this.request
    const text = Object.entries(headers).reduce((sum, pair) => sum + pair.join().length, url.length)
    return SIDE_OVERHEAD + 2 * text
  }

  /** The head of the answer; its first bytes may have been sent before. */
  respond(status: number, headers: readonly (readonly [string, string])[], now: number): void {
    const first = this.packets[0]?.at ?? Number.POSITIVE_INFINITY
    const pairs = headers.map(([name, value]): [string, string] => [name, value])
    this.response = { at: Math.min(first, this.#at(now)), status, headers: pairs }
  }

  /** What another packet takes of memory. */
  costOf(length: number): number {
    return PACKET_OVERHEAD + (this.#used + length > this.#memory.length ? this.#next(length) : 0)
  }

  /** A packet, of pieces that are copied. */
  add(pieces: readonly Bytes[], length: number, now: number): void {
    this.held += this.costOf(length)
    if (this.#used + length > this.#memory.length) {
      this.#memory = new Uint8Array(this.#next(length))
      this.#used = 0
    }
    const start = this.#used
    for (const piece of pieces) {
      this.#memory.set(piece, this.#used)
      this.#used += piece.length
    }
    this.packets.push({ at: this.#at(now), bytes: this.#memory.subarray(start, this.#used) })
  }

  #next(length: number): number {
    return Math.max(length, Math.min(MEMORY.most, Math.max(MEMORY.first, 2 * this.#memory.length)))
  }

  finish([how, why]: SideEnd, now: number): void {
    this.end = { at: this.#at(now), how, ...(why !== undefined && { why }) }
  }

  /** Never less than the packet before. */
  #at(now: number): number {
    return Math.max(now - this.startedAt, this.packets.at(-1)?.at ?? 0)
  }
}
