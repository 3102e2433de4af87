/** What a tab says to the server: it leaves in batches, one at a time, and again until the server has it. */
import { delay } from '../util/delay.ts'
import { isObject } from '../util/object.ts'
import type { LinkRequests } from './link-requests.ts'
import type { Batch, Joined, Taken, Tell } from './protocol.ts'
import { Outbox } from './sequence.ts'

/** The most messages that wait until the server confirms them; an engine has credit for fewer. */
const MOST_WAITING = 65_536

/** The most messages of one batch. */
const MOST_OF_BATCH = 256

/** Milliseconds after which a batch that was lost is sent again. */
const SEND_AGAIN = 500

/** Statuses of a batch after which the tab has to join anew: the server has lost it, or will never take this. */
const UNUSABLE = new Set([400, 401, 403, 404, 409, 410, 413])

export interface SenderOptions {
  requests: LinkRequests
  /** Ends the sending for good. */
  signal: AbortSignal
  /** The number of the last event that the tab has. */
  ack(): number
  /** Called when the server has taken something. */
  onTaken(): void
  /** Called when the server will never take what the tab says: it has to join anew. */
  onUnusable(): void
}

export class LinkSender {
  /** Whether the server has said that it reads what this tab sends. */
  isConnected = false
  readonly #options: SenderOptions
  #tab: string | undefined
  #gather = 0
  #outbox = new Outbox<Tell>(MOST_WAITING)
  #isSending = false
  /** Whether something is to be said although there are no messages: an answer to a ping. */
  #isOwed = false

  constructor(options: SenderOptions) {
    this.#options = options
  }

  /** The server reads; what it has not confirmed goes out again, by its number. */
  connect({ tab, seq, gather }: Joined): void {
    this.#tab = tab
    this.#gather = gather
    this.#outbox.confirm(seq)
    this.isConnected = true
    this.#options.requests.abandon()
    // Until the tab says something, the server does not count on its coming back.
    this.answerPing()
  }

  /** What waits is for nobody. */
  forget(): void {
    this.#tab = undefined
    this.#outbox = new Outbox(MOST_WAITING)
  }

  tell(message: Tell): void {
    if (this.#outbox.push(message) === undefined) this.#options.onUnusable()
    else void this.#flush()
  }

  /** Says that this script runs: the browser would answer for a page that is frozen. */
  answerPing(): void {
    this.#isOwed = true
    void this.#flush()
  }

  /** Says that this tab leaves, along with what waits. */
  leave(tab: string): void {
    // By itself, it counts whatever has arrived; what waits here may be more than one batch.
    if (this.#outbox.waiting >= MOST_OF_BATCH) this.#outbox = new Outbox(MOST_WAITING)
    this.#outbox.push({ kind: 'leaving' })
    void this.#options.requests.tellLast(tab, this.#batch())
  }

  #batch(): Batch {
    const some = this.#outbox.oldest(MOST_OF_BATCH)
    return {
      seq: some[0]?.seq ?? this.#outbox.last + 1,
      ack: this.#options.ack(),
      messages: some.map(({ item }) => item),
    }
  }

  /** What is made while a batch is on its way goes along with the next one. */
  async #flush(): Promise<void> {
    if (this.#isSending) return
    this.#isSending = true
    try {
      while (this.#outbox.waiting > 0 || this.#isOwed) {
        if (this.#tab !== undefined && this.#gather > 0) {
          await delay(this.#gather, this.#options.signal)
        }
        // Read now: meanwhile the link may have joined as another tab.
        const tab = this.#tab
        if (tab === undefined) return
        this.#isOwed = false
        if (!(await this.#send(tab))) return
      }
    } catch {
      // Where the other connection is lost as well, the rest is sent when it is back.
      void this.#flushLater()
    } finally {
      this.#isSending = false
    }
  }

  async #flushLater(): Promise<void> {
    await delay(SEND_AGAIN, this.#options.signal).catch(() => {})
    if (this.isConnected) void this.#flush()
  }

  /** Returns whether more may be sent. */
  async #send(tab: string): Promise<boolean> {
    const { requests, onUnusable, onTaken } = this.#options
    const response = await requests.tell(tab, this.#batch())
    if (response === undefined) return true
    // What the other tab has to say is still to be said.
    if (tab !== this.#tab) return true
    if (UNUSABLE.has(response.status)) {
      onUnusable()
      return false
    }
    const body: unknown = await response.json()
    if (!response.ok || !isObject(body)) {
      void this.#flushLater()
      return false
    }
    onTaken()
    return this.#outbox.confirm((body as unknown as Taken).seq)
  }
}
