/** Responses in the background: they go on without a connection. */
import type { ResponseEncoder } from '../../dialects/responses/dialect.ts'
import type { BodyWriter } from '../../platform/body-writer.ts'
import { type BoundedLimits, BoundedMap } from '../../state/bounded-map.ts'
import { EventLog } from '../../state/event-log.ts'
import { memoryResponseStore, type ResponseStore, storeKey } from '../../state/response-store.ts'
import type { AnyContract, OpenedStream } from '../../stream/chat-stream.ts'
import type { Exchange } from '../../stream/exchange.ts'
import { SSE_HEADERS, type StreamSettings, writeStream } from '../../stream/sse-response.ts'
import { transformWriter } from '../../stream/transform-writer.ts'
import { textPieces } from '../../util/text-pieces.ts'
import { withTimeout } from '../../util/with-timeout.ts'
import { ApiError } from '../../wire/errors/api-error.ts'
import type { ResponseObject } from '../../wire/responses/request.ts'
import { encodeText } from '../../wire/sse/sse.ts'

/** Where responses are stored, and where those in the background run. */
export interface StoredResponses {
  store: ResponseStore
  /** Undefined where nothing runs on that no connection waits for. */
  runs: Runs | undefined
}

export function memoryResponses(): StoredResponses {
  return { store: memoryResponseStore(), runs: new Runs() }
}

/** Characters of events that are stored of one response: some 15,000 tokens. */
const LOG_LENGTH = 4 * 1024 * 1024

/** Characters that are written at once to one who follows it, and held until they are read. */
const PIECE_LENGTH = 65_536

/** How many that have ended are stored. */
const ENDED: BoundedLimits = { count: 512, bytes: 32 * 1024 * 1024, ageMs: 60 * 60_000 }

/** One response in the background, until its events are deleted. */
interface Run {
  owner: string
  exchange: Exchange
  response: ResponseObject
  log: EventLog
  /** The clients that follow it; each settles when its client has received everything, or is gone. */
  followers: Set<Promise<void>>
  /** Whether it was cancelled by a request that may not touch what this one holds. */
  isCancelled: boolean
  /** When it last wrote an event or a heartbeat. */
  writtenAt: number
  /** Whether it was deleted, so that its events are not stored when it has ended. */
  isDeleted: boolean
}

export interface BackgroundPlaces {
  /** How many responses may run at once. */
  places: number
  /** Whether several owners share them. */
  isShared: boolean
  /**
   * Milliseconds without a heartbeat after which a response has been ended by the runtime, without
   * running any of its code, as workerd does; undefined where that does not happen.
   */
  silence: number | undefined
}

/** What can still be followed; the store has the response. */
type EndedRun = Pick<Run, 'log' | 'followers'>

export class Runs {
  readonly #running = new Map<string, Run>()
  readonly #ended = new BoundedMap<EndedRun>(ENDED)

  /**
   * Throws an `ApiError` (503) where all of the `places` are taken or, where several owners share them,
   * this one has as many as are free. So each finds at least half of what the others have left: one
   * alone takes half of all, a second one a quarter, and a sixth still gets one of 32. A share for each
   * key in the settings would leave most places empty, since few keys use the background at once.
   */
  requireRoom(owner: string, { places, isShared, silence }: BackgroundPlaces): void {
    if (silence !== undefined) this.#forgetSilent(silence)
    const free = places - this.#running.size
    if (free <= 0) {
      throw tooMany(
        `expected at most ${places} responses in the background at once, got one more; retry when one has ended, or raise --max-background`,
      )
    }
    if (!isShared) return
    let own = 0
    for (const run of this.#running.values()) if (run.owner === owner) own++
    if (own < free) return
    throw tooMany(
      `expected at most as many responses of one key as there are free places (${free} of ${places}), got one more than the ${own} that yours has; retry when one of these has ended, cancel one, or raise --max-background`,
    )
  }

  #forgetSilent(silence: number): void {
    const since = performance.now() - silence
    for (const [key, run] of this.#running) if (run.writtenAt < since) this.#running.delete(key)
  }

  /** Runs the stream that is being opened to its end. */
  start(
    owner: string,
    exchange: Exchange,
    opening: Promise<OpenedStream<AnyContract>>,
    encoder: ResponseEncoder,
    settings: StreamSettings,
  ): void {
    const key = storeKey(owner, encoder.response.id)
    const log = new EventLog(LOG_LENGTH)
    const followers = new Set<Promise<void>>()
    const ended = Promise.withResolvers<void>()
    const { response } = encoder
    const state = { isCancelled: false, isDeleted: false, writtenAt: performance.now() }
    const run: Run = { owner, exchange, response, log, followers, ...state }
    this.#running.set(key, run)
    encoder.events.onFrame = (frame) => log.append(frame)

    const end = () => {
      log.end()
      if (this.#running.delete(key) && !run.isDeleted)
        this.#ended.set(owner, response.id, { log, followers }, log.length * 2)
      ended.resolve()
    }
    writeStream<AnyContract>(exchange, opening, encoder, settings, {
      write() {
        run.writtenAt = performance.now()
        // The event log has it already. Every heartbeat is written here, so a cancellation is seen soon.
        if (run.isCancelled) queueMicrotask(exchange.cancel)
        return undefined
      },
      close: end,
      break() {
        if (!log.isEnded) encoder.cancel()
        end()
      },
      closed: ended.promise.then(() => Promise.all(followers)),
    })
  }

  /**
   * Stops the engine, if it still runs. Where requests are isolated (workerd), the request that runs
   * it does so at its next heartbeat: no other one may abort what it holds. Returns the response as it
   * is then, which the store may learn of later; undefined where it does not run.
   */
  cancel(owner: string, id: string, isolates: boolean): ResponseObject | undefined {
    const run = this.#running.get(storeKey(owner, id))
    stop(run, isolates)
    return run?.response
  }

  /** Cancels it, and deletes its events. It takes a place until the engine has stopped. */
  delete(owner: string, id: string, isolates: boolean): void {
    const run = this.#running.get(storeKey(owner, id))
    if (run !== undefined) run.isDeleted = true
    this.#ended.delete(owner, id)
    stop(run, isolates)
  }

  /** Whether it still runs. */
  isRunning(owner: string, id: string): boolean {
    return this.#running.has(storeKey(owner, id))
  }

  /**
   * Streams the events from number `from` on: the stored ones, then new ones to the end. A client that
   * reads nothing for `clientTimeout` milliseconds is disconnected. Throws an `ApiError` (400) where there is
   * no such stream.
   */
  follow(owner: string, id: string, from: number, clientTimeout: number): Response {
    const run = this.#running.get(storeKey(owner, id)) ?? this.#ended.get(owner, id)
    if (run === undefined) {
      const message =
        'stream: the events of this response are not stored: they are for an hour, and only with background: true. Leave stream out to get the response itself.'
      throw new ApiError(400, message, { code: 'events_not_kept', param: 'stream' })
    }
    const { first, next } = run.log
    if (from < first || from > next) {
      const message = `starting_after: expected a number from ${first - 1} to ${next - 1}, the stored events, got ${from - 1}.`
      throw new ApiError(400, message, { code: 'invalid_value', param: 'starting_after' })
    }
    const writer = transformWriter()
    const following = pump(run.log, from, writer, clientTimeout)
    run.followers.add(following)
    void following.finally(() => run.followers.delete(following))
    return new Response(writer.readable, { headers: SSE_HEADERS })
  }
}

function tooMany(reason: string): ApiError {
  return new ApiError(503, `background: ${reason}.`, {
    code: 'too_many_background',
    headers: { 'retry-after': '10' },
  })
}

function stop(run: Run | undefined, isolates: boolean): void {
  if (run === undefined) return
  run.isCancelled = true
  if (!isolates) run.exchange.cancel()
}

/** Never rejects: a client that disconnects, or does not read, does not end the response. */
async function pump(
  log: EventLog,
  from: number,
  writer: BodyWriter,
  clientTimeout: number,
): Promise<void> {
  writer.closed.catch(() => {})
  try {
    let at = from
    for (let frames = await log.read(at); frames; frames = await log.read(at)) {
      at += frames.length
      for (const piece of textPieces(frames.join(''), PIECE_LENGTH)) {
        const writing = Promise.resolve(writer.write([encodeText(piece)]))
        const isTaken = await withTimeout(
          clientTimeout,
          writing.then(() => true),
        )
        if (!isTaken) throw new Error('the client does not read')
      }
    }
    writer.close()
  } catch (reason) {
    writer.break(reason)
  }
}
