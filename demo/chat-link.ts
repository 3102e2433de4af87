/**
 * The connection by which the answer to a chat comes. Where the server stores the events of the stream, an
 * answer outlives its connection: one that is lost is resumed after the last event that came, and a page
 * that was loaded again reads it from the start.
 */
import type { Recording } from '../src/recording/recording.ts'
import { type ApiFailure, authorization } from './api.ts'

/** Milliseconds before the first attempt to resume; it doubles with each one that brings no event. */
const FIRST_PAUSE = 250
const LONGEST_PAUSE = 10_000

/** An answer that the API refused or no longer has, with the API's message. */
export class Refused extends Error {
  readonly failure: ApiFailure

  constructor(failure: ApiFailure) {
    super(failure.message)
    this.failure = failure
  }
}

export interface LinkOptions {
  recording: Recording
  signal: AbortSignal
  /** When the request was sent, by `performance.now()`. */
  startedAt: number
  /** Where an answer that began before this page was loaded is resumed. */
  address?: string | undefined
  /** How many of its events that page had shown. */
  shown?: number
  /** Called when the address is known, when the connection is lost, and when the answer goes on. */
  onChange(): void
}

export class ChatLink {
  readonly recording: Recording
  readonly signal: AbortSignal
  readonly startedAt: number
  /** Undefined where the server stores no events of this answer. */
  address: string | undefined
  /** The number of the next event. */
  next = 0
  /** Whether the connection is lost, and the answer is being resumed. */
  isLost = false
  /** Whether the events did not all come when they were sent. */
  isResumed = false
  #shown: number
  #pause = FIRST_PAUSE
  readonly #onChange: () => void

  constructor({ recording, signal, startedAt, address, shown = 0, onChange }: LinkOptions) {
    this.recording = recording
    this.signal = signal
    this.startedAt = startedAt
    this.address = address
    this.isResumed = address !== undefined
    this.#shown = shown
    this.#onChange = onChange
  }

  /** Milliseconds since the request was sent. */
  now(): number {
    return performance.now() - this.startedAt
  }

  /** The response: of the request, or of the first attempt to resume that succeeds. */
  async open(): Promise<Response> {
    return this.address === undefined ? await this.#ask() : await this.#resume(this.address)
  }

  /** An event came: the connection works. */
  advance(number: number): void {
    this.next = number + 1
    this.#pause = FIRST_PAUSE
  }

  /** Called when the connection is lost. Returns whether the answer can be resumed. */
  lose(): boolean {
    if (this.address === undefined || this.signal.aborted) return false
    this.isResumed = this.isLost = true
    this.#onChange()
    return true
  }

  /** The server asked to wait this many milliseconds. */
  wait(pause: number): void {
    this.#pause = Math.min(pause, LONGEST_PAUSE)
  }

  /** Ends the generation: the server would go on with it for a while after a lost connection. */
  stop(): void {
    if (this.address === undefined) return
    const request = { method: 'DELETE', headers: ownHeaders(), keepalive: true }
    void fetch(this.address, request).catch(() => {})
  }

  async #ask(): Promise<Response> {
    const { url, method, headers, body = '' } = this.recording.request
    const { signal } = this
    const sent = { ...headers, ...authorization() }
    const response = await fetch(url, { method, headers: sent, body, signal })
    this.#record(response)
    if (!response.ok || !response.body) throw new Refused(await failureOf(response))
    const address = response.headers.get('x-sluice-resume')
    if (address !== null) {
      this.address = new URL(address, url).href
      this.#onChange()
    }
    return response
  }

  async #resume(address: string): Promise<Response> {
    for (;;) {
      // A page that was just loaded does not wait.
      if (this.isLost) await this.#sleep()
      const response = await this.#get(address)
      if (response?.ok) {
        if (this.recording.response === undefined) this.#record(response)
        this.isLost = false
        this.#onChange()
        return response
      }
      if (response !== undefined && !isTemporary(response.status)) await this.#refuse(response)
      else if (!this.isLost) this.lose()
    }
  }

  #get(address: string): Promise<Response | undefined> {
    const url = this.next === 0 ? address : `${address}?starting_after=${this.next - 1}`
    return fetch(url, { headers: ownHeaders(), signal: this.signal }).catch((error: unknown) => {
      if (this.signal.aborted) throw error
      return undefined
    })
  }

  /** Throws, unless a later part of the answer may still be there. */
  async #refuse(response: Response): Promise<void> {
    const isGone = response.status === 404 || response.status === 410
    // Of a long answer the server may have discarded the first events.
    if (response.status === 410 && this.next < this.#shown) {
      this.next = this.#shown
      return
    }
    const failure = await failureOf(response)
    if (!isGone) throw new Refused(failure)
    throw new Refused({
      ...failure,
      message: `The rest of this answer is gone: the server no longer stores it (status ${response.status}). What had arrived is kept; Retry asks again.`,
    })
  }

  #record({ status, headers }: Response): void {
    this.recording.response = { at: this.now(), status, headers: [...headers] }
  }

  /** Waits, but no longer than until the browser is online again. */
  #sleep(): Promise<void> {
    // Pages that lost a server together do not come back together.
    const pause = this.#pause * (0.75 + Math.random() / 2)
    this.#pause = Math.min(this.#pause * 2, LONGEST_PAUSE)
    const { signal } = this
    return new Promise((resolve, reject) => {
      const ended = new AbortController()
      const timer = setTimeout(() => end(resolve), pause)
      const end = (then: () => void) => {
        clearTimeout(timer)
        ended.abort()
        then()
      }
      addEventListener('online', () => end(resolve), { signal: ended.signal })
      signal.addEventListener('abort', () => end(() => reject(signal.reason)), {
        signal: ended.signal,
      })
    })
  }
}

/** Past the service worker, which has no part in what the server stores. */
function ownHeaders(): Record<string, string> {
  return { 'sluice-direct': '1', ...authorization() }
}

/** 409: some servers cannot follow a stream whose request still runs. */
function isTemporary(status: number): boolean {
  return status >= 500 || [408, 409, 425, 429].includes(status)
}

async function failureOf(response: Response): Promise<ApiFailure> {
  const text = await response.text().catch(() => '')
  try {
    const { error } = JSON.parse(text) as { error?: ApiFailure }
    return error?.message ? error : { message: text }
  } catch {
    return {
      code: String(response.status),
      message: `Expected an error as JSON, got status ${response.status} ${response.statusText} without JSON; see the server's log.`,
    }
  }
}
