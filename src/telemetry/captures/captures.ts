import {
  type CaptureRule,
  captureRuleText,
  readCaptureRule,
  unknownName,
} from '../../settings/capture-rule.ts'
import type { Settings } from '../../settings/settings.ts'
import type { Exchange } from '../../stream/exchange.ts'
import { isObject } from '../../util/object.ts'
import { terminalLine } from '../../util/safe/terminal.ts'
import type { TelemetryFeature } from '../feature.ts'
import type { ObservedRequest, RequestObserver } from '../request-observer.ts'
import type { Sources } from '../sources.ts'
import { Capture, type CaptureStore } from './capture.ts'

/** The part of all bytes that one capture may take. */
const SHARE = 1 / 4

/** Requests that are about captures and the feed: whoever watches would capture the watching. */
const OWN_PATHS = /\/v1\/(?:captures|activity|pairings|tabs)(?:\/|$)/

/** Keeps the bytes of requests, as far as a rule asks for that. Off by default, bounded, in memory. */
export class Captures implements TelemetryFeature, RequestObserver, CaptureStore {
  #rule: CaptureRule = { kind: 'off' }
  /** The setting that was last in force. */
  #setting = 'off'
  #limits = { count: 0, bytes: 0 }
  /** Those of requests that run, by the ids of these, and those that are kept, by their own; oldest first. */
  readonly #running = new Map<string, Capture>()
  readonly #kept = new Map<string, Capture>()
  #bytes = 0
  /** How many were given up because all others were of requests that ran. */
  missed = 0
  /** Writes a message for the operator. */
  tell = (line: string): void => console.warn(`sluice: ${terminalLine(line)}`)

  configure(
    { capture, captureCount, captureBytes }: Settings,
    { engines }: Pick<Sources, 'engines'>,
  ): RequestObserver {
    this.#limits = { count: captureCount, bytes: captureBytes }
    if (capture !== this.#setting) {
      this.#setting = capture
      const rule = readCaptureRule(capture) ?? { kind: 'off' }
      this.#apply(rule, 'the setting capture')
      // Not refused: an engine may be found later.
      const wrong = unknownName(rule, { engine: engines().map(({ label }) => label) })
      if (wrong) this.tell(`capture: ${wrong}; nothing is captured until there is one.`)
    }
    while (this.#kept.size > captureCount && this.#evict());
    while (this.#bytes > captureBytes && this.#evict());
    return this
  }

  /** What is captured: `off`, `all`, `key=NAME`, `engine=LABEL` or `next=N`. */
  get rule(): string {
    return captureRuleText(this.#rule)
  }

  get count(): number {
    return this.#kept.size
  }

  get bytes(): number {
    return this.#bytes
  }

  get share(): number {
    return Math.floor(this.#limits.bytes * SHARE)
  }

  /** Captures by this rule from now on, until the setting changes. False where it is no rule. */
  change(text: string): boolean {
    const rule = readCaptureRule(text)
    if (rule === undefined) return false
    this.#apply(rule, 'an admin, by POST /v1/captures')
    return true
  }

  /** For the activity feed. */
  get summary(): { rule: string; count: number; bytes: number } {
    return { rule: this.rule, count: this.count, bytes: this.bytes }
  }

  /** The newest first. */
  get all(): Capture[] {
    return [...this.#kept.values()].reverse()
  }

  find(id: string): Capture | undefined {
    return this.#kept.get(id)
  }

  /** Whether there was one. */
  delete(id: string): boolean {
    const capture = this.#kept.get(id)
    if (capture) this.#drop(capture)
    return capture !== undefined
  }

  clear(): void {
    for (const capture of [...this.#kept.values()]) this.#drop(capture)
    this.missed = 0
  }

  onArrival(request: ObservedRequest, headers: Headers, url: string): void {
    const rule = this.#rule
    if (rule.kind === 'off' || request.method !== 'POST') return
    if (OWN_PATHS.test(request.path) || !URL.canParse(url)) return
    if (rule.kind === 'next') this.#countDown(rule.left - 1)
    const capture = new Capture(request, { headers, url }, rule, this)
    this.#running.set(request.id, capture)
    request.tap = capture
  }

  onBody(request: ObservedRequest, body: unknown): void {
    const capture = this.#running.get(request.id)
    if (capture && isObject(body) && typeof body.model === 'string') capture.asksFor(body.model)
  }

  onExchange(request: ObservedRequest, exchange: Exchange): void {
    const capture = this.#running.get(request.id)
    if (capture === undefined) return
    this.decide(capture)
    if (capture.state !== 'dropped') capture.watch(exchange)
  }

  onEnd(request: ObservedRequest): void {
    const capture = this.#running.get(request.id)
    if (capture === undefined) return
    const isMeant = !request.isForwarded && isMeantBy(capture.rule, request, true) === true
    // First, as it decides which one goes where there are too many.
    capture.finish()
    this.#running.delete(request.id)
    if (capture.state === 'open') this.#keepOrDrop(capture, isMeant)
    request.capture = capture.state === 'kept' ? capture.id : undefined
    // Only now it is known whether it goes before others.
    while (this.#kept.size > this.#limits.count && this.#evict());
  }

  decide(capture: Capture): void {
    if (capture.state !== 'open' || capture.request === undefined) return
    const isMeant = isMeantBy(capture.rule, capture.request, false)
    if (isMeant !== undefined) this.#keepOrDrop(capture, isMeant)
  }

  take(capture: Capture, bytes: number): boolean {
    if (capture.bytes + bytes > this.share) return false
    // Until it is known whose it is, it may be a stranger's, of whom any number come at once.
    const below = capture.request?.caller === undefined ? 1 : 3
    while (this.#bytes + bytes > this.#limits.bytes) if (!this.#evict(below)) return false
    this.#bytes += bytes
    capture.bytes += bytes
    return true
  }

  #keepOrDrop(capture: Capture, isMeant: boolean): void {
    if (isMeant) {
      capture.state = 'kept'
      this.#kept.set(capture.id, capture)
      if (capture.request) capture.request.capture = capture.id
      if (this.#kept.size <= this.#limits.count || this.#evict()) return
      this.missed++
    }
    this.#drop(capture)
  }

  /** Drops the oldest one that has ended, failures last, of a rank `below` this. False where there is none. */
  #evict(below = 3): boolean {
    let found: Capture | undefined
    for (const each of this.#kept.values()) {
      if (each.rank !== undefined && each.rank < (found?.rank ?? below)) found = each
    }
    if (found) this.#drop(found)
    return found !== undefined
  }

  #drop(capture: Capture): void {
    this.#kept.delete(capture.id)
    const { request } = capture
    if (request) {
      request.capture = undefined
      this.#running.delete(request.id)
    }
    this.#bytes -= capture.bytes
    capture.bytes = 0
    capture.drop()
  }

  #countDown(left: number): void {
    if (left > 0) this.#rule = { kind: 'next', left }
    else this.#apply({ kind: 'off' }, 'the number of requests, which has been reached')
  }

  /** Log every change of the rule, so that capturing is never silent. */
  #apply(rule: CaptureRule, by: string): void {
    const was = this.rule
    this.#rule = rule
    if (was === this.rule) return
    const kept = this.#kept.size === 0 ? '' : ` Captures in memory: ${this.#kept.size}.`
    const told =
      rule.kind === 'off'
        ? `off, by ${by}.${kept}`
        : `on (${this.rule}), by ${by}: prompts and answers are kept in memory, for admins, without keys. GET /v1/captures lists them.`
    this.tell(`capturing is ${told}`)
  }
}

/** Whether the rule holds for a request; undefined while that is not known. */
function isMeantBy(
  rule: CaptureRule,
  { caller, exchange }: ObservedRequest,
  hasEnded: boolean,
): boolean | undefined {
  if (rule.kind === 'key') return caller || hasEnded ? caller?.name === rule.name : undefined
  if (rule.kind === 'engine') {
    const { attempts = [], firstTokenAt = 0 } = exchange?.timeline ?? {}
    if (attempts.some(({ engine }) => engine === rule.name)) return true
    // No other engine is asked after the first token.
    return hasEnded || firstTokenAt > 0 ? false : undefined
  }
  // Requests that turn out to be unauthenticated must not evict other captures.
  return caller || hasEnded ? true : undefined
}
