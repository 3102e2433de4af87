/** A browser's tab, as the server sees it: a port whose messages survive a short loss of the connection. */
import type { Port, ReplyMessage, RequestMessage } from '../engines/remote/protocol.ts'
import type { BodyWriter } from '../platform/body-writer.ts'
import { encodeText, frame } from '../wire/sse/sse.ts'
import { AskedOfTab, Misconduct } from './asked.ts'
import { missing, mustJoinAnew, numberUnknown } from './link-errors.ts'
import {
  type Ask,
  BACK_WITHIN,
  type Batch,
  GONE_AFTER,
  type PING_EVERY,
  type Signal,
  type TabState,
  type Taken,
} from './protocol.ts'
import { Inbox, Outbox } from './sequence.ts'
import type { Departure } from './tab-observer.ts'

/** The most messages that may wait until a tab confirms them: a request, credits and cancellations. */
const MOST_WAITING = 256

/** The most characters that may wait, besides those of a single request. */
const MOST_CHARACTERS = 8 * 1024 * 1024

/** The most characters that may be written and not read: those that wait, and a request more. */
const MOST_UNREAD = 2 * MOST_CHARACTERS

/** Milliseconds after a ping within which a tab replies, as a rule. */
const REPLY_WITHIN = 2_000

type Listener = (event: MessageEvent) => void

export interface TabOptions {
  id: string
  /** The name that people see: `phone`. */
  name: string
  /** The name of the key that it offers with; empty where there are no keys. */
  key: string
  state: TabState
  /** Milliseconds for which it gathers messages. */
  gather: number
  /** Milliseconds between two pings. */
  pingEvery: typeof PING_EVERY
  /** Called when something of its state has changed. */
  onState(): void
  /** Called once: it is gone for good. */
  onGone(why: string, as: Departure): void
}

export class Tab implements Port {
  readonly id: string
  readonly name: string
  readonly key: string
  readonly joinedAt = Date.now()
  state: TabState
  /** The tokens that it has answered with. */
  served = 0
  /** Why it is gone. */
  gone: string | undefined
  readonly #options: TabOptions
  readonly #outbox = new Outbox<Ask>(MOST_WAITING)
  readonly #inbox = new Inbox()
  readonly #asked = new AskedOfTab()
  readonly #messageListeners = new Set<Listener>()
  readonly #closeListeners = new Set<Listener>()
  #body: BodyWriter | undefined
  #heardAt = performance.now()
  #pingedAt = performance.now()
  /** When it was pinged first, of the pings to which it has not replied; 0 where it has. */
  #owesSince = 0
  /** When its last request was sent: it cannot have answered before. */
  #askedAt = 0
  /** Characters that the connection has not taken yet. */
  #unread = 0
  /** Whether it has said anything since it joined. */
  #wasHeard = false
  /** Since when there is no connection; 0 where there is one. */
  #brokenAt = 0
  #characters = 0
  readonly #lengths: number[] = []

  constructor(options: TabOptions) {
    this.id = options.id
    this.name = options.name
    this.key = options.key
    this.state = options.state
    this.#options = options
  }

  /**
   * Writes to this body from now on, beginning with what the tab has not received since number `seq`. A
   * former one ends. Throws an `ApiError` (410) where that is no longer known.
   */
  attach(body: BodyWriter, seq = this.#outbox.last): void {
    const missed = this.#outbox.after(seq)
    if (missed === undefined) throw mustJoinAnew()
    this.#confirm(seq)
    this.#body?.close()
    this.#body = body
    this.#unread = 0
    this.#heardAt = performance.now()
    this.#owesSince = 0
    this.#brokenAt = 0
    body.closed.then(
      () => this.#detach(body),
      () => this.#detach(body),
    )
    const { name, id } = this
    const { gather } = this.#options
    this.#signal({ kind: 'joined', tab: id, name, seq: this.#inbox.last, gather })
    for (const { seq, item } of missed) this.#write(seq, item)
  }

  /** Takes what the tab has sent, which was so many bytes. Throws an `ApiError` (400, 409, 410). */
  receive({ seq, ack, messages }: Batch, bytes: number): Taken {
    this.#heardAt = performance.now()
    this.#owesSince = 0
    this.#wasHeard = true
    if (messages.length === 1 && messages[0]?.kind === 'leaving') {
      // Whatever its number: a page that is being closed does not know how far its worker has come.
      this.end('it was closed', 'closed')
      return { seq: this.#inbox.last }
    }
    if (!this.#confirm(ack)) throw numberUnknown('ack', ack)
    const fresh = this.#inbox.take(seq, messages)
    if (fresh === undefined) throw missing(this.#inbox.last, seq)
    const size = bytes / Math.max(1, messages.length)
    for (const message of fresh) {
      if (this.gone !== undefined) break
      if (message.kind === 'leaving') this.end('it was closed', 'closed')
      else if (message.kind === 'state') this.change(message.state)
      else this.#answered(message.message, size)
    }
    return { seq: this.#inbox.last }
  }

  /** How many requests it answers now. */
  get running(): number {
    return this.#asked.size
  }

  /** False while its connection is lost and it may still come back. */
  get isConnected(): boolean {
    return this.#body !== undefined
  }

  /** Whether it can be expected to answer: it is connected, and has replied to the last ping, or still has time. */
  get isResponsive(): boolean {
    const isLate = this.#owesSince > 0 && performance.now() - this.#owesSince > REPLY_WITHIN
    return this.isConnected && !isLate
  }

  change(state: TabState): void {
    this.state = state
    this.#options.onState()
  }

  postMessage(message: RequestMessage): void {
    this.ask(message)
  }

  /** Sends a message to the engine. `caller`: the name of the key whose request it begins. */
  ask(message: RequestMessage, caller?: string): void {
    if (this.gone !== undefined) return
    this.#asked.send(message)
    const item: Ask = {
      kind: 'ask',
      message,
      ...(caller !== undefined && { for: caller }),
    }
    // An answer to it says that the engine's worker is not stuck; one that is lost says nothing.
    if (message.kind === 'ping') {
      this.#write(undefined, item)
      return
    }
    const length = 'request' in message ? JSON.stringify(message).length : 0
    if (length > 0) this.#askedAt = performance.now()
    const isFull = this.#characters > 0 && this.#characters + length > MOST_CHARACTERS
    const seq = isFull ? undefined : this.#outbox.push(item)
    if (seq === undefined) {
      this.end('it does not confirm what it is sent', 'misbehaved')
      return
    }
    this.#characters += length
    this.#lengths.push(length)
    this.#write(seq, item)
  }

  addEventListener(type: 'message' | 'close', listener: Listener): void {
    this.#listeners(type).add(listener)
  }

  removeEventListener(type: 'message' | 'close', listener: Listener): void {
    this.#listeners(type).delete(listener)
  }

  /** Called about once a second: asks whether it is there, and gives it up where it is not. */
  tick(now: number): void {
    if (this.gone !== undefined) return
    const kind = this.running > 0 || this.#owesSince > 0 ? 'busy' : 'idle'
    if (this.#brokenAt > 0) {
      // Its silence says nothing: it cannot be asked.
      if (now - this.#brokenAt > BACK_WITHIN) this.end('its connection was lost', 'lost')
    } else if (this.#isSilent(now)) {
      this.end(`it has not answered for ${Math.round((now - this.#heardAt) / 1000)} s`, 'silent')
    } else if (now - Math.max(this.#pingedAt, this.#heardAt) >= this.#options.pingEvery[kind]) {
      this.#pingedAt = now
      this.#owesSince ||= now
      this.#signal({ kind: 'ping' })
    }
  }

  /** An idle tab is asked every 15 s: its silence before a request says nothing of it. */
  #isSilent(now: number): boolean {
    if (now - this.#heardAt > GONE_AFTER.idle) return true
    const since = Math.max(this.#heardAt, this.#askedAt)
    return this.running > 0 && now - since > GONE_AFTER.busy
  }

  /** The server wants it no more. */
  dismiss(reason: string, as: Departure = 'dismissed'): void {
    this.#signal({ kind: 'stop', reason })
    this.end(reason, as)
  }

  /** It is gone: its requests fail. */
  end(why: string, as: Departure): void {
    if (this.gone !== undefined) return
    this.gone = why
    this.#body?.close()
    this.#body = undefined
    for (const listener of [...this.#closeListeners]) listener({} as MessageEvent)
    this.#options.onGone(why, as)
  }

  #detach(body: BodyWriter): void {
    if (this.#body !== body) return
    this.#body = undefined
    this.#brokenAt = performance.now()
    // It may not even know that it had joined.
    if (!this.#wasHeard) this.end('its connection was lost', 'lost')
  }

  #listeners(type: 'message' | 'close'): Set<Listener> {
    return type === 'message' ? this.#messageListeners : this.#closeListeners
  }

  #answered(message: ReplyMessage, bytes: number): void {
    try {
      const passed = this.#asked.receive(message, bytes)
      if (passed !== undefined) this.#dispatch(passed)
    } catch (error) {
      if (!(error instanceof Misconduct)) throw error
      this.dismiss(error.message, 'misbehaved')
    }
  }

  #dispatch(message: ReplyMessage): void {
    for (const listener of this.#messageListeners) listener({ data: message } as MessageEvent)
  }

  #confirm(seq: number): boolean {
    const before = this.#outbox.waiting
    if (!this.#outbox.confirm(seq)) return false
    for (const length of this.#lengths.splice(0, before - this.#outbox.waiting)) {
      this.#characters -= length
    }
    return true
  }

  #signal(signal: Signal): void {
    this.#write(undefined, signal)
  }

  #write(seq: number | undefined, item: Ask | Signal): void {
    const text = frame(JSON.stringify(seq === undefined ? item : { ...item, seq }))
    const body = this.#body
    if (body === undefined) return
    const taken = body.write([encodeText(text)])
    if (taken === undefined) return
    // It may confirm what it has not read.
    this.#unread += text.length
    const read = () => {
      if (this.#body === body) this.#unread -= text.length
    }
    taken.then(read, read)
    if (this.#unread > MOST_UNREAD && this.gone === undefined) {
      body.break(new Error('the tab does not read'))
      this.end('it does not read what it is sent', 'misbehaved')
    }
  }
}
