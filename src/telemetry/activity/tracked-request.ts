import type { Exchange } from '../../stream/exchange.ts'
import type { ExchangeObserver, ExchangeTap } from '../../stream/observer.ts'
import { isObject } from '../../util/object.ts'
import { logText } from '../../util/safe/log.ts'
import type { ApiError } from '../../wire/errors/api-error.ts'
import { sessionIdOf, sessionIdOfBody } from '../../wire/session-id.ts'
import type { ObservedRequest } from '../request-observer.ts'
import { TokenMarks } from './token-marks.ts'

/** The most characters of what a client says of itself. */
const MOST = { client: 200, session: 100, model: 200 }

const NONE: readonly ExchangeTap[] = []

/** One request while it runs. */
export class TrackedRequest implements ExchangeObserver {
  readonly request: ObservedRequest
  /** What its headers say, once that was needed: reading a dozen of them takes some microseconds. */
  #told: { client: string | undefined; session: string | undefined } | undefined
  readonly #headers: Headers
  /** The session that its body names. */
  #sessionOfBody: string | undefined
  /** Whether the client asked for a stream. */
  asksStream = false
  /** Why somebody has stopped it; undefined where nobody has. */
  stopped: ApiError | undefined
  marks: TokenMarks | undefined
  #tokens = 0
  /** Those that watch its bytes. */
  #taps: readonly ExchangeTap[] = NONE

  constructor(request: ObservedRequest, headers: Headers) {
    this.request = request
    this.#headers = headers
  }

  /** What the client says of itself. */
  get client(): string | undefined {
    return this.readHeaders().client
  }

  get session(): string | undefined {
    return this.readHeaders().session ?? this.#sessionOfBody
  }

  /** The model that the client asked for. */
  get asked(): string | undefined {
    return shown(this.request.asked, MOST.model)
  }

  /** Where one request may not touch what another holds, this has to be called within this request. */
  readHeaders() {
    this.#told ??= {
      client: shown(this.#headers.get('user-agent') ?? undefined, MOST.client),
      session: shown(sessionIdOf(this.#headers, undefined), MOST.session),
    }
    return this.#told
  }

  readBody(body: unknown): void {
    if (!isObject(body)) return
    this.asksStream = body.stream === true
    this.#sessionOfBody = shown(sessionIdOfBody(body), MOST.session)
  }

  watch(exchange: Exchange): void {
    this.marks = new TokenMarks()
    exchange.timeline.observers = [...exchange.timeline.observers, this]
    for (const tap of this.#taps) exchange.taps = [...exchange.taps, tap]
    if (this.stopped !== undefined) exchange.stop(this.stopped)
  }

  /** From now on this one sees its bytes, also those of an exchange that is yet to begin. */
  addTap(tap: ExchangeTap): void {
    this.#taps = [...this.#taps, tap]
    const { exchange } = this.request
    if (exchange) exchange.taps = [...exchange.taps, tap]
  }

  removeTap(tap: ExchangeTap): void {
    this.#taps = this.#taps.filter((each) => each !== tap)
    const { exchange } = this.request
    if (exchange) exchange.taps = exchange.taps.filter((each) => each !== tap)
  }

  onToken(gap: number | undefined, now: number): void {
    const tokens = this.request.exchange?.tokens ?? 0
    this.marks?.add(gap, now, this.#tokens)
    this.#tokens = tokens
  }

  onAttemptFailed(): void {
    this.marks?.restart()
    this.#tokens = 0
  }
}

/** A text of the client; undefined where it is empty. */
function shown(text: string | undefined, most: number): string | undefined {
  return text ? logText(text, most) : undefined
}
