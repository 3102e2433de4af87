/**
 * The link of a tab to a server: runs in the tab's browser, in a worker of its own. What is asked arrives
 * over an event stream, and what is answered leaves in batches, one at a time.
 */
import type { ReplyMessage } from '../engines/remote/protocol.ts'
import { delay } from '../util/delay.ts'
import { isObject } from '../util/object.ts'
import { EventScanner } from '../wire/sse/sse.ts'
import { LINK_VERSION } from '../wire/tabs/version.ts'
import { answerPart } from './answer-part.ts'
import type { LinkOptions, LinkStatus } from './link-options.ts'
import { LinkPort } from './link-port.ts'
import { LinkRequests, refusalOf } from './link-requests.ts'
import {
  type Ask,
  BACK_WITHIN,
  type Batch,
  GONE_AFTER,
  type Hello,
  PING_EVERY,
  type Signal,
  type TabState,
  type Taken,
  type Tell,
} from './protocol.ts'
import { Inbox, Outbox } from './sequence.ts'

/** The most messages that wait until the server confirms them; an engine has credit for fewer. */
const MOST_WAITING = 65_536

/** The most messages of one batch. */
const MOST_OF_BATCH = 256

/** Milliseconds between two attempts to join: short at first, then longer, with some chance. */
const RETRY = { first: 100, most: 30_000 }

/** Milliseconds after which a batch that was lost is sent again. */
const SEND_AGAIN = 500

/** Statuses of a batch after which the tab has to join anew: the server has lost it, or will never take this. */
const UNUSABLE = new Set([400, 401, 403, 404, 409, 410, 413])

/** Statuses with which a server refuses a tab for good. */
const REFUSED = new Set([400, 401, 403, 404, 405, 501])

export class Link {
  readonly #options: LinkOptions
  readonly #requests: LinkRequests
  readonly #stopped = new AbortController()
  #state: TabState
  #tab: string | undefined
  #gather = 0
  #outbox = new Outbox<Tell>(MOST_WAITING)
  #inbox = new Inbox()
  #port: LinkPort | undefined
  #unserve: () => void = () => {}
  #isSending = false
  /** Whether something is to be said although there are no messages: an answer to a ping. */
  #isOwed = false
  #heardAt = 0
  #maxTokens: number | undefined
  /** Breaks the connection. */
  #disconnect: () => void = () => {}
  /** Whether the server has said that it reads what this tab sends. */
  #isConnected = false

  constructor(options: LinkOptions) {
    this.#options = options
    this.#requests = new LinkRequests(options)
    this.#state = options.state
    this.#maxTokens = options.maxTokens
    void this.#stayJoined()
  }

  /** Tells the server what has changed. `maxTokens` holds for the next requests. */
  change(state: TabState, maxTokens?: number): void {
    this.#state = state
    this.#maxTokens = maxTokens
    if (this.#tab !== undefined) this.#tell({ kind: 'state', state })
  }

  /** Leaves: what the tab does for others is stopped. */
  leave(): void {
    if (this.#stopped.signal.aborted) return
    const tab = this.#tab
    if (tab !== undefined) {
      this.#outbox.push({ kind: 'leaving' })
      void this.#requests.tellLast(tab, this.#batch())
    }
    this.#end({ kind: 'ended', why: 'You stopped sharing.' })
  }

  async #stayJoined(): Promise<void> {
    const { signal } = this.#stopped
    let failures = 0
    while (!signal.aborted) {
      const startedAt = performance.now()
      const why = await this.#join()
      if (signal.aborted) return
      // One that held for a while is tried again at once.
      failures = performance.now() - startedAt > 5_000 ? 0 : failures + 1
      const pause = Math.min(RETRY.most, RETRY.first * 2 ** Math.max(0, failures - 1))
      const again = Math.round(pause * (0.7 + Math.random() * 0.6))
      this.#options.onStatus({ kind: 'lost', why, again })
      await delay(again, signal).catch(() => {})
      if (performance.now() - this.#heardAt > BACK_WITHIN) this.#forget()
    }
  }

  /** Joins, and reads what is asked until the connection ends. Returns why it has. */
  async #join(): Promise<string> {
    const control = new AbortController()
    const signal = AbortSignal.any([control.signal, this.#stopped.signal])
    const startedAt = performance.now()
    const silence = setInterval(() => {
      const quietFor = performance.now() - Math.max(this.#heardAt, startedAt)
      if (quietFor > PING_EVERY.idle + GONE_AFTER.busy) control.abort()
    }, 1_000)
    this.#disconnect = () => control.abort()
    try {
      if (this.#tab === undefined) this.#options.onStatus({ kind: 'joining' })
      const resume = this.#tab && { tab: this.#tab, seq: this.#inbox.last }
      const hello: Hello = { v: LINK_VERSION, ...this.#state, ...(resume && { resume }) }
      const response = await this.#requests.join(hello, signal)
      if (!response.ok) return await this.#refused(response)
      await this.#read(response)
      return 'The server ended the connection.'
    } catch (error) {
      return signal.aborted ? 'The server fell silent.' : messageOf(error)
    } finally {
      clearInterval(silence)
      this.#isConnected = false
      control.abort()
    }
  }

  async #read(response: Response): Promise<void> {
    const reader = (response.body as ReadableStream<Uint8Array<ArrayBuffer>>).getReader()
    const scanner = new EventScanner()
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      this.#heardAt = performance.now()
      scanner.push(value)
      while (scanner.next()) {
        const { data } = scanner.fields()
        if (data !== undefined) this.#handle(JSON.parse(data) as Ask | Signal)
      }
    }
  }

  #handle(event: Ask | Signal): void {
    if (event.kind === 'joined') this.#joined(event)
    else if (event.kind === 'stop') this.#end({ kind: 'ended', why: event.reason })
    else if (event.kind === 'ask') this.#asked(event)
    else this.#answerPing()
  }

  #joined({ tab, name, seq, gather }: Extract<Signal, { kind: 'joined' }>): void {
    this.#gather = gather
    if (this.#tab !== tab) {
      this.#forget()
      this.#tab = tab
      this.#port = new LinkPort({
        offers: (model) => this.#offers(model),
        maxTokens: () => this.#maxTokens,
        send: (message) => this.#send(message),
      })
      this.#unserve = this.#options.serve(this.#port)
    }
    this.#outbox.confirm(seq)
    this.#isConnected = true
    // What the server has not confirmed goes out again, by its number.
    this.#requests.abandon()
    this.#options.onStatus({ kind: 'joined', name, tab })
    void this.#flush()
  }

  #asked({ seq, message, for: caller = '' }: Ask): void {
    if (seq !== undefined && this.#inbox.take(seq, [message])?.length !== 1) return
    if ('request' in message) {
      const { id, request } = message
      this.#options.onRequest?.({ id, for: caller, model: request.model ?? undefined })
    }
    this.#port?.deliver(message)
    this.#answerPing()
  }

  #offers(model: string | null | undefined): boolean {
    return !this.#state.paused && this.#state.models.some(({ id }) => id === model)
  }

  #send(message: ReplyMessage): void {
    const part = answerPart(message)
    if (part) this.#options.onAnswer?.(part)
    this.#tell({ kind: 'tell', message })
  }

  #tell(message: Tell): void {
    if (this.#outbox.push(message) === undefined) {
      this.#forget()
      return
    }
    void this.#flush()
  }

  /** Says that this script runs: the browser would answer for a page that is frozen. */
  #answerPing(): void {
    this.#isOwed = true
    void this.#flush()
  }

  #batch(): Batch {
    const waiting = this.#outbox.after(this.#outbox.last - this.#outbox.waiting) ?? []
    const some = waiting.slice(0, MOST_OF_BATCH)
    return {
      seq: some[0]?.seq ?? this.#outbox.last + 1,
      ack: this.#inbox.last,
      messages: some.map(({ item }) => item),
    }
  }

  /** Sends what waits, one batch at a time: what is made meanwhile goes along with the next. */
  async #flush(): Promise<void> {
    if (this.#isSending) return
    this.#isSending = true
    try {
      while (this.#outbox.waiting > 0 || this.#isOwed) {
        const tab = this.#tab
        if (tab === undefined) return
        if (this.#gather > 0) await delay(this.#gather, this.#stopped.signal)
        this.#isOwed = false
        if (!(await this.#sendBatch(tab))) return
      }
    } catch {
      // Where the other connection is lost as well, the rest is sent when it is back.
      void this.#flushLater()
    } finally {
      this.#isSending = false
    }
  }

  async #flushLater(): Promise<void> {
    await delay(SEND_AGAIN, this.#stopped.signal).catch(() => {})
    if (this.#isConnected) void this.#flush()
  }

  /** Returns whether more may be sent. */
  async #sendBatch(tab: string): Promise<boolean> {
    const response = await this.#requests.tell(tab, this.#batch())
    if (response === undefined) return true
    if (tab !== this.#tab) return false
    if (UNUSABLE.has(response.status)) {
      this.#forget()
      // The server would go on asking a tab that can no longer answer.
      this.#disconnect()
      return false
    }
    const body: unknown = await response.json()
    if (!response.ok || !isObject(body)) {
      void this.#flushLater()
      return false
    }
    this.#heardAt = performance.now()
    return this.#outbox.confirm((body as unknown as Taken).seq)
  }

  async #refused(response: Response): Promise<string> {
    const { message: why, code } = await refusalOf(response)
    if (response.status === 410) this.#forget()
    else if (REFUSED.has(response.status)) this.#end({ kind: 'ended', why, code })
    return why
  }

  /** The server no longer knows this tab: whatever it does is for nobody. */
  #forget(): void {
    this.#unserve()
    this.#unserve = () => {}
    this.#port?.close()
    this.#port = undefined
    this.#tab = undefined
    this.#outbox = new Outbox(MOST_WAITING)
    this.#inbox = new Inbox()
  }

  #end(status: LinkStatus): void {
    if (this.#stopped.signal.aborted) return
    this.#forget()
    this.#stopped.abort()
    this.#options.onStatus(status)
  }
}

function messageOf(error: unknown): string {
  // What `fetch` throws where there is no connection, or where one has ended.
  if (error instanceof TypeError) return 'The server does not answer.'
  return error instanceof Error ? error.message : String(error)
}
