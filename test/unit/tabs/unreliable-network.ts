// Tabs that reach their server over a network that delays, loses and repeats, in one process.

import { transformWriter } from '../../../src/stream/transform-writer.ts'
import type { TabHub } from '../../../src/tabs/hub.ts'
import type { Batch, Hello } from '../../../src/tabs/protocol.ts'
import { ApiError } from '../../../src/wire/errors/api-error.ts'

type Random = () => number
type Bytes = Uint8Array<ArrayBuffer>

export const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

const lost = () => new TypeError('lost')

export class UnreliableNetwork {
  /** While it is calm, all arrives at once. */
  isCalm = false
  /** While it is down, nothing arrives. */
  isDown = false
  readonly #random: Random
  readonly #hub: () => TabHub
  readonly #cuts = new Set<() => void>()

  constructor(random: Random, hub: () => TabHub) {
    this.#random = random
    this.#hub = hub
  }

  /** Breaks the streams of all tabs. */
  cut(): void {
    for (const cut of [...this.#cuts]) cut()
  }

  /** A `fetch` of the link. */
  readonly fetch = async (input: string, init: RequestInit = {}): Promise<Response> => {
    const signal = init.signal ?? new AbortController().signal
    const aborted = new Promise<never>((_, reject) => {
      const abort = () => reject(signal.reason)
      if (signal.aborted) abort()
      else signal.addEventListener('abort', abort)
    })
    aborted.catch(() => {})
    const id = /\/v1\/tabs\/(.+)$/.exec(input)?.[1]
    const body: unknown = JSON.parse(String(init.body))
    const going =
      id === undefined ? this.#join(body as Hello, signal) : this.#tell(id, body as Batch)
    going.catch(() => {})
    return Promise.race([going, aborted])
  }

  async #join(hello: Hello, signal: AbortSignal): Promise<Response> {
    await this.#travel()
    const writer = transformWriter()
    const refused = answered(() => {
      this.#hub().join(hello, { key: 'phone' }, writer)
      return undefined
    })
    if (refused) return refused
    const stream = this.#stream(
      writer.respond().body as ReadableStream<Uint8Array<ArrayBuffer>>,
      () => {
        // The server sees at once that it is broken, or not for a while.
        const ms = this.#random() < 0.7 ? 0 : this.#random() * 20_000
        setTimeout(() => writer.break(lost()), ms)
      },
      signal,
    )
    await wait(this.#latency())
    if (stream.isCut()) throw lost()
    return new Response(stream.readable)
  }

  async #tell(id: string, batch: Batch): Promise<Response> {
    const take = () => answered(() => Response.json(this.#hub().receive(id, 'phone', batch, 100)))
    await this.#travel()
    const response = take()
    // Once more, and late.
    if (this.#happens(0.15)) void wait(8 * this.#latency()).then(take)
    await wait(this.#latency())
    if (this.#happens(0.15)) throw lost()
    return response as Response
  }

  #latency(): number {
    return this.isCalm ? 1 : this.#random() ** 2 * 600
  }

  #happens(share: number): boolean {
    return !this.isCalm && this.#random() < share
  }

  async #travel(): Promise<void> {
    await wait(this.#latency())
    if (!this.isDown && !this.#happens(0.15)) return
    if (this.#random() < 0.5) await wait(this.#random() * 9_000)
    throw lost()
  }

  #stream(from: ReadableStream<Bytes>, onCut: () => void, signal: AbortSignal) {
    const { readable, writable } = new TransformStream<Bytes, Bytes>(
      {},
      {},
      { highWaterMark: 1_000 },
    )
    const writer = writable.getWriter()
    writer.closed.catch(() => {})
    let isCut = false
    const cut = () => {
      if (isCut) return
      isCut = true
      this.#cuts.delete(cut)
      writer.abort(lost()).catch(() => {})
      onCut()
    }
    this.#cuts.add(cut)
    if (signal.aborted) cut()
    else signal.addEventListener('abort', cut)
    const latency = this.#latency()
    const pump = async () => {
      const reader = from.getReader()
      for (;;) {
        const { done, value } = await reader.read()
        await wait(latency)
        if (isCut) return
        if (done) break
        writer.write(value).catch(() => {})
      }
      this.#cuts.delete(cut)
      writer.close().catch(() => {})
    }
    pump().catch(cut)
    return { readable, isCut: () => isCut }
  }
}

function answered(act: () => Response | undefined): Response | undefined {
  try {
    return act()
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    const { status, message, code } = error
    return Response.json({ error: { message, code } }, { status })
  }
}
