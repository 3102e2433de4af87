import type { ExchangeTap } from '../../stream/observer.ts'
import type { ActivityBytes } from '../../wire/activity/schema.ts'

type Decoder = InstanceType<typeof TextDecoder>

/** What is held for a reader until it reads: characters, and events. */
const MOST = { characters: 512 * 1024, events: 2_000 }

export type WatchedEvent =
  | { event: 'sent' | 'received'; data: ActivityBytes }
  | { event: 'lost'; data: { count: number } }

/**
 * Collects the bytes of one request for one reader, as text. What the reader does not read in time is
 * lost and counted, so that a reader never slows what it watches.
 */
export class RequestWatcher implements ExchangeTap {
  readonly onReceived: ((bytes: Uint8Array, now: number) => void) | undefined
  readonly #startedAt: number
  #events: WatchedEvent[] = []
  #held = 0
  #lost = 0
  readonly #secrets: readonly string[]
  readonly #decoders: Partial<Record<'sent' | 'received', Decoder | undefined>> = {}

  /**
   * `startedAt`: when the request arrived. `seesEngine`: whether the engine's bytes are collected too.
   * `secrets`: texts that are masked in them, as a server may repeat the key that it was sent.
   */
  constructor(startedAt: number, seesEngine: boolean, secrets: readonly string[] = []) {
    this.#startedAt = startedAt
    this.#secrets = secrets
    this.onReceived = seesEngine
      ? (bytes, now) => this.#collect('received', [bytes], now)
      : undefined
  }

  onSent(pieces: readonly Uint8Array[], now: number): void {
    this.#collect('sent', pieces, now)
  }

  /** What was collected since the last call. */
  take(): WatchedEvent[] {
    const events = this.#events
    if (this.#lost > 0) events.push({ event: 'lost', data: { count: this.#lost } })
    this.#events = []
    this.#held = 0
    this.#lost = 0
    return events
  }

  #collect(event: 'sent' | 'received', pieces: readonly Uint8Array[], now: number): void {
    const length = pieces.reduce((sum, piece) => sum + piece.length, 0)
    if (this.#events.length >= MOST.events || this.#held + length > MOST.characters) {
      this.#lost++
      // The rest of a character whose beginning was lost.
      this.#decoders[event] = undefined
      return
    }
    this.#decoders[event] ??= new TextDecoder()
    const decoder = this.#decoders[event]
    // Decoded at once: the bytes may be used again.
    const text = pieces.map((piece) => decoder.decode(piece, { stream: true })).join('')
    this.#held += length
    if (text === '') return
    const at = Math.max(0, Math.round(now - this.#startedAt))
    this.#events.push({ event, data: { at, text: event === 'sent' ? text : this.#masked(text) } })
  }

  #masked(text: string): string {
    return this.#secrets.reduce((rest, secret) => rest.replaceAll(secret, '…'), text)
  }
}
