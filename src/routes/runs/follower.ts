/** One client that reads a run: what the log has, then what comes, to the end. */
import type { BodyWriter } from '../../platform/body-writer.ts'
import type { RunKey, RunLog, RunPart } from '../../state/run-log.ts'
import { Heartbeat } from '../../stream/heartbeat.ts'
import type { Ticker } from '../../stream/ticker.ts'
import { textPieces } from '../../util/text-pieces.ts'
import { Cancelled } from '../../wire/errors/cancelled.ts'
import { encodeText } from '../../wire/sse/sse.ts'

type Bytes = Uint8Array<ArrayBuffer>

export interface FollowerOptions {
  log: RunLog
  key: RunKey
  /** The number of the first event that it gets. */
  from: number
  writer: BodyWriter
  ticker: Ticker
  /** Aborts when the client hangs up, on hosts that notice it. */
  client: AbortSignal
  /** Milliseconds without a write before a heartbeat, and those that a client may take to read. */
  heartbeat: number
  clientTimeout: number
  /** Its heartbeats; undefined where the producer of the run has them sent. */
  beat: string | undefined
  /** Whether the stream may be continued at another instance when this one stops. */
  mayMove: boolean
  isEventStream: boolean
  /** Ends a run whose producer is gone. Called until the log says that it has ended. */
  bury(part: RunPart): Promise<void>
  /** The run has ended, and the client got all of it. */
  end(part: RunPart): Promise<void>
  /** The event that ends it where the log does not: it was deleted, or lost behind what the client has. */
  lastEvent(part: RunPart | undefined, number: number): Promise<string | undefined>
}

/** Characters that are written at once to one client, and held until they are read. */
const PIECE_LENGTH = 65_536

/** Milliseconds after which the log is read again, as what was to tell of a change may be lost. */
const LOOK_AGAIN = 1_000

/** Milliseconds for which a log may fail to answer before its followers give up. */
const GIVE_UP = 30_000

/** Tells a client that reads events to connect again after a second, with the last number that it has. */
const RETRY = 'retry: 1000\n\n'

export class Follower {
  /** Settles when its client has received everything, or is gone. Never rejects. */
  readonly done: Promise<void>
  /** Called when it has taken events from the log. */
  onRead: (() => void) | undefined
  /** Characters of the events that it has taken. */
  length = 0
  readonly #options: FollowerOptions
  readonly #heartbeat: Heartbeat
  #at: number
  /** Whether something has happened since the log was read. */
  #isDue = false
  #wake: (() => void) | undefined
  /** Since when a write is unread; 0 where all is read. */
  #unreadSince = 0
  #unread = 0
  #lookedAt = performance.now()
  #failedSince = 0
  #isMoving = false
  #isOver = false
  /** Whether it gets the events that are being stored without a look into the log. */
  #isGiven = false
  /** Characters that were given and are unread. */
  #given = 0

  constructor(options: FollowerOptions) {
    this.#options = options
    this.#at = options.from
    this.#heartbeat = new Heartbeat(options.heartbeat)
    this.done = this.#run()
  }

  /** The number of the next event that it takes. */
  get at(): number {
    return this.#at
  }

  /**
   * Whether it has all events before this one, and may be given the next ones, with so many characters: its client
   * is not far behind. If so, `give` has to follow at once, when they are stored.
   */
  awaits(first: number, length: number): boolean {
    const isNext = this.#at === first && this.#wake !== undefined && !this.#isOver
    if (this.#unread === 0) this.#given = 0
    this.#isGiven = isNext && this.#given + length <= PIECE_LENGTH
    return this.#isGiven
  }

  /** Sends the next events, so many, without a look into the log. */
  give(count: number, length: number, bytes: Bytes): void {
    this.#isGiven = false
    this.#at += count
    this.length += length
    this.#given += length
    this.#send([bytes])?.then(this.#onTaken, () => {})
  }

  /** Sends a heartbeat, unless the client has events to read. */
  push(bytes: Bytes): void {
    if (this.#unread > 0 || this.#isOver) return
    this.#send([bytes])?.then(this.#onTaken, () => {})
  }

  /** The instance is about to stop: ends the stream at once, so that its client goes on elsewhere. */
  move(): void {
    if (!this.#options.mayMove) return
    this.#isMoving = true
    this.#changed()
  }

  async #run(): Promise<void> {
    const { log, key, client, writer, ticker } = this.#options
    const leave = () => this.#leave(new Cancelled('the client left'))
    writer.closed.catch(leave)
    client.addEventListener('abort', leave, { once: true })
    const unwatch = log.watch(key, this.#changed)
    const removeTick = ticker.add((now) => this.#tick(now))
    try {
      if (client.aborted) leave()
      while (!(await this.#step()));
      if (!this.#isOver) writer.close()
      await this.#untilRead()
    } catch (reason) {
      this.#leave(reason)
    } finally {
      this.#isOver = true
      removeTick()
      unwatch()
      client.removeEventListener('abort', leave)
    }
  }

  /** What was written last may be read for `clientTimeout` milliseconds. */
  async #untilRead(): Promise<void> {
    this.#unread++
    this.#unreadSince = performance.now()
    await this.#options.writer.closed
  }

  /** Writes what there is, or waits for it. Returns whether that was all. */
  async #step(): Promise<boolean> {
    if (this.#isOver) return true
    if (this.#isMoving) {
      if (this.#options.isEventStream) await this.#writeText(RETRY)
      return true
    }
    this.#isDue = false
    const part = await this.#read()
    if (part === 'failed') return this.#wait()
    if (part === undefined) return this.#end(part)
    if (part.frames.length > 0) {
      this.#at += part.frames.length
      const text = part.frames.join('')
      this.length += text.length
      this.onRead?.()
      await this.#writeText(text)
      // Mostly that was all: whatever came meanwhile has set `#isDue`.
      return part.state === 'running' && this.#at === part.next ? this.#wait() : false
    }
    if (part.first > this.#at) throw new Error(`event ${this.#at} was discarded`)
    if (part.isOrphan) return (await this.#bury(part)) ? false : this.#wait()
    return part.state === 'running' ? this.#wait() : this.#end(part)
  }

  async #end(part: RunPart | undefined): Promise<true> {
    // Whoever got any event of a log got its last one.
    const hasLast = part !== undefined && this.#at > this.#options.from
    const last = hasLast ? undefined : await this.#options.lastEvent(part, this.#at)
    if (last !== undefined) await this.#writeText(last)
    // The next one who asks tries again.
    if (part !== undefined) await this.#options.end(part).catch(() => {})
    return true
  }

  /** Returns whether it could be ended. */
  async #bury(part: RunPart): Promise<boolean> {
    try {
      await this.#options.bury(part)
      return true
    } catch (error) {
      this.#fail(error)
      return false
    }
  }

  /** A log that does not answer may do so again. */
  async #read(): Promise<RunPart | undefined | 'failed'> {
    const { log, key } = this.#options
    try {
      const part = await log.read(key, this.#at)
      // One that can be read, and not be ended, does not answer either.
      if (!part?.isOrphan) this.#failedSince = 0
      return part
    } catch (error) {
      this.#fail(error)
      return 'failed'
    } finally {
      this.#lookedAt = performance.now()
    }
  }

  /** Throws the error where nothing else has been the answer for too long. */
  #fail(error: unknown): void {
    const now = performance.now()
    this.#failedSince ||= now
    if (now - this.#failedSince > GIVE_UP) throw error
  }

  async #wait(): Promise<false> {
    if (this.#isDue || this.#isOver) return false
    await new Promise<void>((resolve) => {
      this.#wake = resolve
    })
    return false
  }

  readonly #changed = (): void => {
    if (this.#isGiven) return
    this.#isDue = true
    const wake = this.#wake
    this.#wake = undefined
    wake?.()
  }

  async #writeText(text: string): Promise<void> {
    if (text.length <= PIECE_LENGTH) return this.#write([encodeText(text)])
    for (const piece of textPieces(text, PIECE_LENGTH)) await this.#write([encodeText(piece)])
  }

  #write(pieces: Bytes[]): Promise<void> {
    return this.#send(pieces)?.then(this.#onTaken) ?? READ
  }

  /** Undefined where the client has read it at once; else `#onTaken` has to be called when it has. */
  #send(pieces: Bytes[]): Promise<unknown> | undefined {
    const now = performance.now()
    this.#heartbeat.reset(now)
    this.#heartbeat.count++
    const taking = this.#options.writer.write(pieces)
    if (taking !== undefined && this.#unread++ === 0) this.#unreadSince = now
    return taking
  }

  readonly #onTaken = (): void => {
    this.#unread--
    this.#unreadSince = performance.now()
  }

  #tick(now: number): number | undefined {
    if (this.#isOver) return undefined
    if (this.#unread > 0) {
      const { clientTimeout } = this.#options
      const left = clientTimeout - (now - this.#unreadSince)
      if (left <= 0) this.#leave(new Cancelled('the client does not read'))
      else if (now - this.#lookedAt >= LOOK_AGAIN) this.#showReader(now)
      return Math.min(LOOK_AGAIN, left)
    }
    const { beat } = this.#options
    const isDue = this.#heartbeat.isDue(now) || this.#isSilent(now)
    if (beat !== undefined && isDue && this.#wake) this.push(encodeText(beat))
    if (now - this.#lookedAt >= LOOK_AGAIN) this.#changed()
    return Math.min(LOOK_AGAIN, Math.max(0, this.#heartbeat.remaining(now)) || LOOK_AGAIN)
  }

  /** A client that reads slowly is there all the same: the log has to know, or the run is stopped. */
  #showReader(now: number): void {
    const { log, key } = this.#options
    this.#lookedAt = now
    log.read(key, Number.MAX_SAFE_INTEGER).catch(() => {})
  }

  /** Some hosts send the headers with the first bytes only: a client must not wait for long for these. */
  #isSilent(now: number): boolean {
    return this.#heartbeat.count === 0 && this.#heartbeat.idleTime(now) >= LOOK_AGAIN
  }

  #leave(reason: unknown): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#options.writer.break(reason)
    this.#changed()
  }
}

const READ = Promise.resolve()
