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

/** One request while it runs. */
export class TrackedRequest implements ExchangeObserver {
  readonly request: ObservedRequest
  readonly client: string | undefined
  session: string | undefined
  /** The model that the client asked for, and whether for a stream. */
  asked: string | undefined
  asksStream = false
  /** Why somebody has stopped it; undefined where nobody has. */
  stopped: ApiError | undefined
  marks: TokenMarks | undefined
  #tokens = 0
  /** Those that watch its bytes. */
  readonly #taps = new Set<ExchangeTap>()

  constructor(request: ObservedRequest, headers: Headers) {
    this.request = request
    const agent = headers.get('user-agent')
    this.client = agent ? logText(agent, MOST.client) : undefined
    this.#setSession(sessionIdOf(headers, undefined))
  }

  readBody(body: unknown): void {
    if (!isObject(body)) return
    const { model, stream } = body
    if (typeof model === 'string' && model !== '') this.asked = logText(model, MOST.model)
    this.asksStream = stream === true
    if (this.session === undefined) this.#setSession(sessionIdOfBody(body))
  }

  #setSession(id: string | undefined): void {
    this.session = id && logText(id, MOST.session)
  }

  watch(exchange: Exchange): void {
    this.marks = new TokenMarks()
    exchange.timeline.observers = [...exchange.timeline.observers, this]
    for (const tap of this.#taps) exchange.taps = [...exchange.taps, tap]
    if (this.stopped !== undefined) exchange.stop(this.stopped)
  }

  /** From now on this one sees its bytes, also those of an exchange that is yet to begin. */
  addTap(tap: ExchangeTap): void {
    this.#taps.add(tap)
    const { exchange } = this.request
    if (exchange) exchange.taps = [...exchange.taps, tap]
  }

  removeTap(tap: ExchangeTap): void {
    this.#taps.delete(tap)
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
