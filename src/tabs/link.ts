/**
 * The link of a tab to a server: runs in the tab's browser, in a worker of its own. What is asked arrives
 * over an event stream, and what is answered leaves in batches, one at a time.
 */
import type { ReplyMessage } from '../engines/remote/protocol.ts'
import { delay } from '../util/delay.ts'
import { parseJson } from '../util/parse-json.ts'
import { EventScanner } from '../wire/sse/sse.ts'
import { LINK_VERSION } from '../wire/tabs/version.ts'
import { answerPart } from './answer-part.ts'
import type { LinkOptions, LinkStatus } from './link-options.ts'
import { LinkPort } from './link-port.ts'
import { LinkRequests, messageOf, refusalOf } from './link-requests.ts'
import { LinkSender } from './link-sender.ts'
import {
  type Ask,
  BACK_WITHIN,
  GONE_AFTER,
  type Hello,
  type Joined,
  PING_EVERY,
  type Signal,
  type TabState,
} from './protocol.ts'
import { Inbox } from './sequence.ts'

/** Milliseconds between two attempts to join: short at first, then longer, with some chance. */
const RETRY = { first: 100, most: 30_000 }

export class Link {
  readonly #options: LinkOptions
  readonly #requests: LinkRequests
  readonly #sender: LinkSender
  readonly #stopped = new AbortController()
  #state: TabState
  /** What it said of itself when it asked to join. */
  #stateAtHello: TabState | undefined
  #tab: string | undefined
  #inbox = new Inbox()
  #port: LinkPort | undefined
  #unserve: () => void = () => {}
  #heardAt = 0
  /** When its last connection ended. */
  #lostAt = 0
  /** The tab that it was before, which the server may still wait for. */
  #former: string | undefined
  #maxTokens: number | undefined
  /** Breaks the connection, for a reason that a person reads. */
  #disconnect: (why?: string) => void = () => {}
  /** Whether it has asked to join, and does not know yet as which tab. */
  #isJoining = false

  constructor(options: LinkOptions) {
    this.#options = options
    this.#requests = new LinkRequests(options)
    this.#sender = new LinkSender({
      ...{ requests: this.#requests, signal: this.#stopped.signal },
      ack: () => this.#inbox.last,
      onTaken: () => {
        this.#heardAt = performance.now()
      },
      onUnusable: () => {
        this.#forget()
        // The server would go on asking a tab that can no longer answer.
        this.#disconnect('The server takes no more of what this tab says.')
      },
    })
    this.#state = options.state
    this.#maxTokens = options.maxTokens
    void this.#stayJoined()
  }

  /** Tells the server what has changed. `maxTokens` holds for the next requests. */
  change(state: TabState, maxTokens?: number): void {
    this.#state = state
    this.#maxTokens = maxTokens
    if (this.#tab !== undefined) this.#sender.tell({ kind: 'state', state })
  }

  /** Leaves: what the tab does for others is stopped. */
  leave(): void {
    if (this.#stopped.signal.aborted) return
    const tab = this.#tab ?? this.#former
    if (tab !== undefined) this.#sender.leave(tab)
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
      if (performance.now() - this.#lostAt > BACK_WITHIN) this.#forget()
    }
  }

  /** Joins, and reads what is asked until the connection ends. Returns why it has. */
  async #join(): Promise<string> {
    const control = new AbortController()
    const { signal } = control
    const startedAt = performance.now()
    const silence = setInterval(() => {
      const quietFor = performance.now() - Math.max(this.#heardAt, startedAt)
      if (quietFor > PING_EVERY.idle + GONE_AFTER.busy) this.#disconnect('The server fell silent.')
    }, 1_000)
    this.#disconnect = (why) => control.abort(new Error(why))
    try {
      this.#isJoining = true
      if (this.#tab === undefined) this.#options.onStatus({ kind: 'joining' })
      const resume = this.#tab && { tab: this.#tab, seq: this.#inbox.last }
      const replaces = this.#former
      this.#stateAtHello = this.#state
      const hello: Hello = {
        ...{ v: LINK_VERSION, ...this.#state },
        ...(resume && { resume }),
        ...(replaces && { replaces }),
      }
      const response = await this.#requests.join(hello, signal)
      if (!response.ok) return await this.#refused(response)
      await this.#read(response)
      return 'The server ended the connection.'
    } catch (error) {
      return messageOf(signal.aborted ? signal.reason : error)
    } finally {
      clearInterval(silence)
      if (this.#sender.isConnected) this.#lostAt = performance.now()
      this.#isJoining = this.#sender.isConnected = false
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
        if (data !== undefined) this.#handle(parseJson(data) as Ask | Signal)
      }
    }
  }

  #handle(event: Ask | Signal): void {
    if (event.kind === 'joined') this.#joined(event)
    else if (event.kind === 'stop') this.#end({ kind: 'ended', why: event.reason })
    else if (event.kind === 'ask') this.#asked(event)
    else this.#sender.answerPing()
  }

  #joined(joined: Joined): void {
    const { tab, name } = joined
    this.#isJoining = false
    if (this.#stopped.signal.aborted) {
      this.#sender.leave(tab)
      this.#disconnect()
      return
    }
    if (this.#tab !== tab) {
      this.#forget()
      this.#former = undefined
      this.#tab = tab
      this.#port = new LinkPort({
        offers: (model) => this.#offers(model),
        maxTokens: () => this.#maxTokens,
        send: (message) => this.#send(message),
      })
      this.#unserve = this.#options.serve(this.#port)
    }
    this.#sender.connect(joined)
    // Also where the tab has told it already: the older one may have arrived after it.
    const hasChanged = this.#state !== this.#stateAtHello
    if (hasChanged) this.#sender.tell({ kind: 'state', state: this.#state })
    this.#options.onStatus({ kind: 'joined', name, tab })
  }

  #asked({ seq, message, for: caller = '' }: Ask): void {
    if (seq !== undefined && this.#inbox.take(seq, [message])?.length !== 1) return
    if ('request' in message) {
      const { id, request } = message
      this.#options.onRequest?.({ id, for: caller, model: request.model ?? undefined })
    }
    this.#port?.deliver(message)
    this.#sender.answerPing()
  }

  #offers(model: string | null | undefined): boolean {
    return !this.#state.paused && this.#state.models.some(({ id }) => id === model)
  }

  #send(message: ReplyMessage): void {
    const part = answerPart(message)
    if (part) this.#options.onAnswer?.(part)
    this.#sender.tell({ kind: 'tell', message })
  }

  async #refused(response: Response): Promise<string> {
    const { message: why, code, isFinal } = await refusalOf(response)
    if (response.status === 410) this.#forget()
    else if (isFinal) this.#end({ kind: 'ended', why, code })
    return why
  }

  /** The server no longer knows this tab: whatever it does is for nobody. */
  #forget(): void {
    this.#unserve()
    this.#unserve = () => {}
    this.#port?.close()
    this.#port = undefined
    this.#former = this.#tab ?? this.#former
    this.#tab = undefined
    this.#sender.forget()
    this.#inbox = new Inbox()
  }

  #end(status: LinkStatus): void {
    if (this.#stopped.signal.aborted) return
    this.#forget()
    this.#stopped.abort()
    // One that joins just now leaves once it knows which tab it is: not all servers see that it is gone.
    if (!this.#isJoining) this.#disconnect()
    this.#options.onStatus(status)
  }
}
