/**
 * `fetch` for a chat: where the server stores the events of the stream, a lost connection is resumed after
 * the last event that came whole. docs/streams.md describes the header and the addresses.
 */
import type { Fetch, Fetched, FetchInit, Packet, PacketReader } from '../../platform/fetch.ts'
import { concat } from '../../util/bytes.ts'
import { decodeText, EventScanner } from '../../wire/sse/sse.ts'

const HEADER = 'x-sluice-resume'

/** Milliseconds between two attempts, doubling up to the second one. */
const PAUSE = { first: 250, most: 8_000 }

/** Milliseconds after which a lost connection is given up: a stream that nobody reads is stopped by then. */
const GIVE_UP = 60_000

/** `onLost` is called when a connection is lost, before it is known whether the answer can be resumed. */
export function resuming(fetch: Fetch, onLost: () => void): Fetch {
  return async (url, init) => {
    const response = await fetch(url, { ...init, headers: { ...init.headers, [HEADER]: '1' } })
    const { status, ok, headers, body } = response
    const address = headers.get(HEADER)
    if (address === null || body === null) return response
    const stream = new ResumedStream(fetch, new URL(address, url).href, init, onLost)
    stream.connect(body.getReader())
    return { status, ok, headers, body: { getReader: () => stream, cancel: () => stream.cancel() } }
  }
}

class ResumedStream implements PacketReader {
  readonly #fetch: Fetch
  readonly #address: string
  readonly #init: FetchInit
  readonly #onLost: () => void
  #reader: PacketReader | undefined
  #scanner = new EventScanner()
  /** The number of the last event. */
  #last = -1
  #isOver = false
  #pause = PAUSE.first
  #lostAt = 0

  constructor(fetch: Fetch, address: string, init: FetchInit, onLost: () => void) {
    this.#fetch = fetch
    this.#address = address
    this.#onLost = onLost
    const { authorization } = init.headers ?? {}
    this.#init = {
      headers: authorization === undefined ? {} : { authorization },
      ...(init.signal && { signal: init.signal }),
    }
    // Otherwise the server would go on for a while, in case the client comes back.
    init.signal?.addEventListener('abort', () => this.#stop(), { once: true })
  }

  connect(reader: PacketReader): void {
    this.#reader = reader
    this.#scanner = new EventScanner()
  }

  /** Whole events only: one whose connection is lost in its middle comes again from its start. */
  async read(): Promise<Packet> {
    for (;;) {
      const packet = await this.#next()
      if (packet === undefined || (packet.done && !this.#isOver)) {
        await this.#resume()
        if (this.#isOver) return { done: true }
        continue
      }
      if (packet.done) return packet
      this.#scanner.push(packet.value)
      const events = this.#events()
      if (events.length > 0) return { done: false, value: concat(events) }
    }
  }

  async cancel(reason?: unknown): Promise<void> {
    if (!this.#isOver) this.#stop()
    await this.#reader?.cancel(reason)
  }

  /** Undefined where the connection is lost. */
  async #next(): Promise<Packet | undefined> {
    try {
      return await this.#reader?.read()
    } catch (error) {
      if (this.#init.signal?.aborted) throw error
      return this.#isOver ? { done: true } : undefined
    }
  }

  #events(): Uint8Array<ArrayBuffer>[] {
    const events: Uint8Array<ArrayBuffer>[] = []
    while (this.#scanner.next()) {
      const bytes = this.#scanner.buffer.subarray(this.#scanner.start, this.#scanner.end)
      const text = decodeText(bytes)
      const retry = /^retry: ?(\d{1,6})$/m.exec(text)?.[1]
      if (retry !== undefined) this.#pause = Number(retry)
      const number = /^id: ?(\d{1,15})$/m.exec(text)?.[1]
      if (number !== undefined) {
        this.#last = Number(number)
        this.#lostAt = 0
        this.#pause = PAUSE.first
      }
      this.#isOver ||= /^data: ?(?:\[DONE\]|\{"error":)/m.test(text)
      if (retry === undefined) events.push(bytes)
    }
    return events
  }

  /** Rejects where the answer is gone, or the server for too long. */
  async #resume(): Promise<void> {
    const now = performance.now()
    if (this.#lostAt === 0) {
      this.#lostAt = now
      this.#onLost()
    }
    if (now - this.#lostAt > GIVE_UP) {
      throw new Error(
        `the connection was lost and could not be resumed within ${GIVE_UP / 1_000} s; check that the server runs`,
      )
    }
    await this.#sleep()
    const after = this.#last < 0 ? '' : `?starting_after=${this.#last}`
    const response = await this.#fetch(this.#address + after, this.#init).catch(
      (error: unknown) => {
        if (this.#init.signal?.aborted) throw error
        return undefined
      },
    )
    // 204: it has ended, and all of it was read.
    if (response?.status === 204) this.#isOver = true
    else if (response?.ok && response.body) this.connect(response.body.getReader())
    else if (response !== undefined && !isTemporary(response)) {
      throw new Error(
        `the connection was lost, and the server no longer has the rest of this answer (status ${response.status}); ask again`,
      )
    } else this.#reader = undefined
  }

  async #sleep(): Promise<void> {
    const pause = this.#pause
    this.#pause = Math.min(pause * 2, PAUSE.most)
    await new Promise((resolve) => {
      const timer = setTimeout(resolve, pause)
      this.#init.signal?.addEventListener('abort', () => {
        clearTimeout(timer)
        resolve(undefined)
      })
    })
    this.#init.signal?.throwIfAborted()
  }

  #stop(): void {
    if (this.#isOver) return
    this.#isOver = true
    const { headers = {} } = this.#init
    void this.#fetch(this.#address, { method: 'DELETE', headers }).catch(() => {})
  }
}

/** 409: some servers cannot follow a stream whose request still runs. */
function isTemporary({ status }: Fetched): boolean {
  return status >= 500 || [408, 409, 425, 429].includes(status)
}
