import type { CaptureRule } from '../../settings/capture-rule.ts'
import type { Exchange } from '../../stream/exchange.ts'
import type { EngineAttempt, EngineRequest, EngineResponse } from '../../stream/observer.ts'
import type { ObservedRequest, RequestTap } from '../request-observer.ts'
import { CapturedSide, type SideEnd } from './captured-side.ts'
import { endForClient, endOfEngine } from './ends.ts'
import { secretsIn } from './secrets.ts'

type Bytes = Uint8Array<ArrayBuffer>

/** What holds the captures, as far as one of them needs it. */
export interface CaptureStore {
  /** The most bytes that one of them may take. */
  readonly share: number
  /** Makes room for bytes of this one; false where there is none. */
  take(capture: Capture, bytes: number): boolean
  /** Finds out whether this one is to be kept, where that is not known yet. */
  decide(capture: Capture): void
}

/** What a list says of a capture. */
export interface CaptureSummary {
  id: string
  request_id: string
  /** ISO 8601, when the request arrived. */
  time: string
  api: string | null
  model: string | null
  engine: string | null
  key: string | null
  /** The word of the log; null while the request runs. */
  outcome: string | null
  /** About what it takes of memory. */
  bytes: number
  complete: boolean
}

/**
 * The bytes of one request, from its arrival to its end. What it is given is copied, and nothing that would
 * reveal a key is shown of it later: see `recorded.ts`.
 */
export class Capture implements RequestTap {
  readonly id: string
  /** The rule that was in force when the request arrived. */
  readonly rule: CaptureRule
  readonly client: CapturedSide
  /** The side of the current attempt's engine; undefined where that has no bytes. */
  engine: CapturedSide | undefined
  /** Texts that are masked wherever they occur. */
  readonly secrets: Set<string>
  bytes = 0
  /** `open` until it is known whether the rule holds for it. */
  state: 'open' | 'kept' | 'dropped' = 'open'
  /** What is dropped first: 0 for unauthenticated requests, 1 for others, 2 for failures. Known at the end. */
  rank: 0 | 1 | 2 | undefined
  #cut: string | undefined
  #request: ObservedRequest | undefined
  #exchange: Exchange | undefined
  #model: string | undefined
  #summary: CaptureSummary | undefined
  readonly #store: CaptureStore

  constructor(
    request: ObservedRequest,
    { headers, url }: { headers: Headers; url: string },
    rule: CaptureRule,
    store: CaptureStore,
  ) {
    this.id = `cap_${request.id}`
    this.rule = rule
    this.#request = request
    this.#store = store
    this.secrets = secretsIn(headers, url)
    const sent = { method: request.method, url, headers: Object.fromEntries(headers) }
    this.client = new CapturedSide(sent, request.time, request.startedAt)
    this.#take(this.client.overhead)
  }

  /** The request, while it runs. */
  get request(): ObservedRequest | undefined {
    return this.#request
  }

  get summary(): CaptureSummary {
    return { ...(this.#summary ?? this.#summarize()), bytes: this.bytes }
  }

  watch(exchange: Exchange): void {
    this.#exchange = exchange
    exchange.taps = [...exchange.taps, this]
    exchange.timeline.observers = [...exchange.timeline.observers, this]
  }

  /** The name that the client asked for. */
  asksFor(model: string): void {
    this.#model = model.slice(0, 200)
  }

  onBody(bytes: Bytes): void {
    this.#store.decide(this)
    // The answer is to have a place as well.
    const length = Math.min(bytes.length, Math.floor(this.#store.share / 4))
    if (this.#take(length)) this.client.request.body = bytes.slice(0, length)
    if (length < bytes.length) this.#note()
  }

  onAttempt(_attempt: EngineAttempt): void {
    this.#forgetEngine()
  }

  onEngineRequest({ method, path, headers, body, secrets }: EngineRequest, now: number): void {
    this.#forgetEngine()
    if (this.state === 'dropped') return
    for (const secret of secrets) this.secrets.add(secret)
    const sent = { method, url: urlOf(path), headers: { ...headers } }
    const side = new CapturedSide(sent, Date.now(), now)
    if (!this.#take(side.overhead)) return
    this.engine = side
    const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body
    const length = Math.min(bytes?.length ?? 0, Math.floor(this.#store.share / 4))
    if (bytes && this.#take(length)) side.request.body = bytes.slice(0, length)
    if (bytes && length < bytes.length) this.#note()
  }

  onEngineResponse({ status, headers }: EngineResponse, now: number): void {
    this.engine?.respond(status, headers, now)
  }

  onReceived(bytes: Bytes, now: number): void {
    const { engine } = this
    if (engine && this.#hasRoom(engine, bytes.length)) engine.add([bytes], bytes.length, now)
  }

  onSent(pieces: readonly Bytes[], now: number): void {
    this.#store.decide(this)
    const length = pieces.reduce((sum, piece) => sum + piece.length, 0)
    if (this.#hasRoom(this.client, length)) this.client.add(pieces, length, now)
  }

  onResponse(status: number, headers: readonly [string, string][], now: number): void {
    // The answer names a response in the background, whose events are what is captured.
    const isBackground = this.#exchange?.isBackground === true && status < 400
    this.client.respond(status, isBackground ? EVENTS : headers, now)
  }

  /** The request has ended. */
  finish(): void {
    const request = this.#request
    if (request === undefined) return
    const now = performance.now()
    const { client, engine } = this
    client.finish(this.#endOf(client, endForClient(client, request)), now)
    engine?.finish(this.#endOf(engine, endOfEngine(engine, request)), now)
    const isFailed = request.outcome === 'failed' || request.outcome === 'refused'
    this.rank = request.caller === undefined ? 0 : isFailed ? 2 : 1
    this.#summary = this.#summarize()
    this.#release()
  }

  /** It sees nothing more, and holds nothing. */
  drop(): void {
    this.state = 'dropped'
    this.#release()
    this.engine = undefined
    this.client.packets.length = 0
    this.client.request.body = undefined
  }

  /** Releases the reference to the request, which retains much more memory than its bytes. */
  #release(): void {
    const exchange = this.#exchange
    if (exchange) {
      exchange.taps = exchange.taps.filter((each) => each !== this)
      const { timeline } = exchange
      timeline.observers = timeline.observers.filter((each) => each !== this)
    }
    if (this.#request) this.#request.tap = undefined
    this.#exchange = undefined
    this.#request = undefined
  }

  #forgetEngine(): void {
    const { engine } = this
    if (engine === undefined) return
    this.#store.take(this, -(engine.held + engine.overhead + (engine.request.body?.length ?? 0)))
    this.engine = undefined
  }

  /** What is missing is told at the end of the side that it is missing of, or else beside it. */
  #endOf(side: CapturedSide, [how, why]: SideEnd): SideEnd {
    return side.isCut ? ['stopped', this.#cut] : [how, why ?? this.#cut]
  }

  /** Makes room for a packet. After one without a place no other is added. */
  #hasRoom(side: CapturedSide, length: number): boolean {
    if (side.isCut) return false
    side.isCut = !this.#take(side.costOf(length))
    return !side.isCut
  }

  #take(bytes: number): boolean {
    if (this.state === 'dropped') return false
    const isTaken = this.#store.take(this, bytes)
    if (!isTaken) this.#note()
    return isTaken
  }

  /** Something is missing. */
  #note(): void {
    const { bytes } = this
    this.#cut ??= `cut off at about ${bytes} bytes: a capture may take ${this.#store.share} of them, each body of a request a quarter of these, and all captures together what captureBytes allows`
  }

  #summarize(): CaptureSummary {
    const request = this.#request
    const timeline = this.#exchange?.timeline
    return {
      id: this.id,
      request_id: this.id.slice('cap_'.length),
      time: new Date(this.client.time).toISOString(),
      api: request?.route ?? null,
      model: timeline?.model ?? this.#model ?? null,
      engine: timeline?.engine ?? null,
      key: request?.caller?.name || null,
      outcome: request?.outcome ?? null,
      bytes: this.bytes,
      complete: request?.outcome !== undefined && this.#cut === undefined,
    }
  }
}

/** The head of the stream that is made in the background. */
const EVENTS = [['content-type', 'text/event-stream; charset=utf-8']] as const

/** In the place of an engine's address, which is shown nowhere. */
const ENGINE = 'http://engine.invalid'

function urlOf(path: string): string {
  return path.startsWith('../') ? ENGINE + path.slice(2) : `${ENGINE}/v1${path}`
}
