/** One run that this instance produces: what is written for its client goes into a log. */
import type { LocalRun, LocalRunLog } from '../../state/memory-run-log.ts'
import type { RunInfo, RunKey, RunLimits, RunLog, RunState } from '../../state/run-log.ts'
import type { Exchange } from '../../stream/exchange.ts'
import type { StreamBody } from '../../stream/sse-response.ts'
import type { Ticker } from '../../stream/ticker.ts'
import { withTimeout } from '../../util/with-timeout.ts'
import type { ApiError } from '../../wire/errors/api-error.ts'
import type { ResponseObject } from '../../wire/responses/request.ts'
import { decodeText, encodeText } from '../../wire/sse/sse.ts'
import { EventSplitter, type SplitEvents } from './event-splitter.ts'
import type { Follower } from './follower.ts'
import {
  instanceLost,
  lastEvent,
  markedHeartbeat,
  streamAbandoned,
  streamStopped,
  withId,
} from './last-event.ts'
import { type Batches, READ_LATELY, Replicator } from './replicator.ts'

type Bytes = Uint8Array<ArrayBuffer>

export interface RunOptions {
  key: RunKey
  info: RunInfo
  limits: RunLimits
  exchange: Exchange
  local: LocalRunLog
  /** The log that instances share, where there is one. */
  shared: RunLog | undefined
  /** How many events are copied there at once. */
  batches?: Batches | undefined
  ticker: Ticker
  /** Milliseconds without a reader after which it is stopped; Infinity in the background. */
  grace: number
  /** Whether no other request may touch what this one holds. */
  isolates: boolean
  /** Whether the client counts lines, and has to know a heartbeat from an empty piece. */
  countsLines?: boolean
  /** What the answer is now, where the API has one that is not its events. */
  response?: ResponseObject | undefined
  /** What its API writes last where its client would have got nothing, as a stream that is cancelled. */
  lastWords: (() => string) | undefined
  onEnd(state: RunState): void
  onStored?: ((lag: number) => void) | undefined
}

/** Characters by which whoever asked may be behind before the engine waits for it, as for a plain stream. */
const AHEAD = 2 * 1024 * 1024

/** Milliseconds for which the end of a run may take to be stored, before its request counts as over. */
const STORE_END = 10_000

export class Run {
  readonly options: RunOptions
  /** The clients of this instance that follow it. */
  readonly followers = new Set<Follower>()
  /** Who asked for the answer, while it is there: the producer sends its heartbeats, and waits for it. */
  live: Follower | undefined
  /** When it last wrote an event or a heartbeat. */
  writtenAt = performance.now()
  readonly body: StreamBody
  readonly #splitter: EventSplitter
  readonly #log: LocalRun
  readonly #replicator: Replicator | undefined
  readonly #hasEnded = Promise.withResolvers<void>()
  readonly #left = Promise.withResolvers<void>()
  readonly #removeTick: () => void
  #next = 0
  /** The number of the first event of the last write. */
  #lastWrite = 0
  /** Characters of all events. */
  #length = 0
  /** Settles when whoever asked has caught up, or left. */
  #room: PromiseWithResolvers<void> | undefined
  #isEnded = false
  /** When somebody last read it; the present while somebody does here. */
  #readAt = performance.now()

  constructor(options: RunOptions) {
    this.options = options
    const { key, info, limits, local, shared, ticker, exchange } = options
    exchange.resumable = this
    this.#splitter = new EventSplitter(info.contentType)
    // Whoever asked gets all of it, however large a write is.
    const keepFrom = () => Math.min(this.#lastWrite, this.live?.at ?? this.#lastWrite)
    this.#log = local.begin(key, info, limits, keepFrom)
    this.#replicator = shared && this.#replicate(shared)
    this.#removeTick = ticker.add((now) => this.#tick(now))
    this.body = {
      write: (pieces) => this.#write(pieces),
      heartbeat: (text) => this.#heartbeat(text),
      close: () => this.#end(),
      break: () => this.#break(),
      closed: this.#hasEnded.promise.then(() => this.#untilDelivered()),
    }
  }

  /** Settles when the shared log has its end, or could not take it; undefined where there is none. */
  get stored(): Promise<void> | undefined {
    return this.#replicator?.done
  }

  /** The instance is about to stop: it waits until the ends of all runs are stored, and no request does. */
  leave(): void {
    this.#left.resolve()
  }

  get id(): string {
    return this.options.key.id
  }

  /** Whether somebody reads it, or did a moment ago: other instances tell of their readers rarely. */
  get isRead(): boolean {
    return this.followers.size > 0 || performance.now() - this.#readAt < READ_LATELY
  }

  get owner(): string {
    return this.options.key.owner
  }

  /** Adds a client that follows it here, until it has received everything. */
  add(follower: Follower): void {
    this.followers.add(follower)
    follower.onRead = this.#makeRoom
    void follower.done.then(() => {
      this.followers.delete(follower)
      this.#readAt = performance.now()
      if (this.live !== follower) return
      this.live = undefined
      this.#makeRoom()
    })
  }

  /**
   * Stops the engine. Where requests are isolated, the run's own request does so at its next look: no other
   * one may abort what it holds.
   */
  stop(reason = streamStopped()): void {
    const { exchange, isolates, lastWords } = this.options
    if (this.#isEnded) return
    if (isolates) exchange.stopReason ??= reason
    else if (lastWords) exchange.cancel()
    else exchange.stop(reason)
  }

  /**
   * Its request was ended by the runtime, without running any of its code. Called by another request, which
   * may not touch what that one held.
   */
  abandon(): void {
    this.#isEnded = true
    // What its client is sent is that request's too.
    this.live = undefined
    this.#appendLast(instanceLost())
    const { key, local, onEnd } = this.options
    void local.append(key, 1, this.#next, [], 'failed')
    onEnd('failed')
  }

  #replicate(shared: RunLog): Replicator {
    const { key, info, limits, local, exchange, onStored, batches } = this.options
    return new Replicator({
      ...{ local, shared, key, info, limits, batches },
      onStop: () => this.stop(),
      onLost: () => exchange.fail(instanceLost()),
      onRead: (at) => {
        // Who follows it elsewhere reads the log each second, and this instance is told about as often.
        const isRead = performance.now() - at < READ_LATELY
        this.#readAt = isRead ? performance.now() : Math.max(this.#readAt, at)
      },
      ...(onStored && { onStored }),
    })
  }

  /** Undefined unless whoever asked is far behind: others hold nothing up. */
  #write(pieces: readonly Bytes[]): Promise<void> | undefined {
    this.writtenAt = performance.now()
    for (const piece of pieces) {
      const split = this.#splitter.split(piece)
      if (split) this.#append(split)
    }
    if (!this.#isFarAhead) return undefined
    this.#room ??= Promise.withResolvers<void>()
    return this.#room.promise
  }

  get #isFarAhead(): boolean {
    const { live } = this
    return live !== undefined && !this.#isEnded && this.#length - live.length > AHEAD
  }

  readonly #makeRoom = (): void => {
    if (this.#room === undefined || this.#isFarAhead) return
    this.#room.resolve()
    this.#room = undefined
  }

  #append({ events, bytes }: SplitEvents): void {
    const { live } = this
    const { hasIds } = this.options.info
    const first = this.#next
    let size = bytes.length
    let length = 0
    for (let at = 0; at < events.length; at++) {
      const event = events[at] as string
      const numbered = hasIds ? withId(first + at, true, event) : event
      size += numbered.length - event.length
      length += numbered.length
      events[at] = numbered
    }
    this.#lastWrite = first
    this.#next += events.length
    this.#length += length
    // Mostly who asked has read all there was, and needs no look into the log to get what comes next.
    const isDirect = live?.awaits(first, length) === true
    this.#log.append(events, size, this.writtenAt)
    if (isDirect) {
      const text = events.length === 1 ? (events[0] as string) : events.join('')
      live.give(events.length, length, hasIds ? encodeText(text) : bytes)
    }
    this.#replicator?.note(length, this.writtenAt)
  }

  /**
   * A heartbeat is no event: it goes to who asked, as the API writes it. The heartbeats of Responses have
   * sequence numbers, and so they are events; only the comment before one is not.
   */
  #heartbeat(bytes: Bytes): void {
    const { info, countsLines } = this.options
    this.writtenAt = performance.now()
    if (info.api !== 'responses') {
      this.live?.push(countsLines ? encodeText(markedHeartbeat(decodeText(bytes))) : bytes)
      return
    }
    const text = decodeText(bytes)
    const event = /^: /.test(text) ? text.indexOf('\n') + 1 : 0
    if (event > 0) this.live?.push(encodeText(text.slice(0, event)))
    void this.#write([encodeText(text.slice(event))])
  }

  #end(state = this.#state()): void {
    if (this.#isEnded) return
    this.#isEnded = true
    const { key, local, onEnd } = this.options
    this.#removeTick()
    void local.append(key, 1, this.#next, [], state)
    this.#replicator?.end()
    onEnd(state)
    this.#makeRoom()
    this.#hasEnded.resolve()
  }

  #state(): RunState {
    const kind = this.options.exchange.outcome?.kind
    if (kind === 'cancelled') return 'stopped'
    return kind === 'failed' ? 'failed' : 'finished'
  }

  /** It was cancelled without a reason for its client; who follows it needs one. */
  #break(): void {
    if (this.#isEnded) return
    const { lastWords } = this.options
    if (lastWords) void this.#write([encodeText(lastWords())])
    else this.#appendLast(streamStopped())
    this.#end('stopped')
  }

  #appendLast(error: ApiError): void {
    const { key, info, exchange } = this.options
    const words = { number: this.#next, docs: exchange.docs }
    const event = lastEvent(key, { ...info, hasIds: false }, error, words)
    this.#append({ events: [event], bytes: encodeText(event) })
  }

  async #untilDelivered(): Promise<void> {
    const done = this.#replicator && Promise.race([this.#replicator.done, this.#left.promise])
    const stored = done && withTimeout(STORE_END, done)
    await Promise.all([stored, ...[...this.followers].map(({ done }) => done)])
  }

  /** Stops it, unless the shared log says that somebody has read it since it was last asked. */
  async #stopUnread(grace: number): Promise<void> {
    const isKnown = (await this.#replicator?.renew()) ?? true
    if (!isKnown || this.followers.size > 0) return
    if (performance.now() - this.#readAt >= grace) this.stop(streamAbandoned(grace))
  }

  #tick(now: number): number | undefined {
    const { grace, exchange } = this.options
    if (this.#room) {
      // A client that does not read is given up by its follower, and the run goes on without it; the
      // exchange would end it.
      exchange.waitForEngine(now)
      exchange.waitForClient(now)
    }
    if (this.followers.size > 0) {
      this.#readAt = now
      return grace
    }
    const left = grace - (now - this.#readAt)
    if (left <= 0) void this.#stopUnread(grace)
    return Math.max(left, 0) || grace
  }
}
