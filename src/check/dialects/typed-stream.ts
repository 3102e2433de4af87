/** Streams of typed events: what the checks of Responses and Messages have in common. */
import type { Recording } from '../../recording/recording.ts'
import { isObject } from '../../util/object.ts'
import { checkEnd, messageOf, shown } from '../checks/ending.ts'
import type { ParsedEvent } from '../checks/framing.ts'
import type { Findings } from '../findings.ts'
import type { RecordedEvent } from '../recorded-body.ts'
import type { JsonFields } from './dialect.ts'

/** The kind of a field: an object, a string, or an index from 0. */
export type FieldKind = 'object' | 'text' | 'index'

/** The fields that an event of a type must have. */
export type RequiredFields = Readonly<Record<string, Readonly<Record<string, FieldKind>>>>

const IS: Record<FieldKind, (value: unknown) => boolean> = {
  object: isObject,
  text: (value) => typeof value === 'string',
  index: (value) => Number.isInteger(value) && (value as number) >= 0,
}

/** Event types that are heartbeats; they may come anywhere. */
const HEARTBEATS: unknown[] = ['ping', 'keepalive']

/** Checks what holds for all such events; a subclass checks what they mean. */
export abstract class TypedEventChecker {
  readonly #recording: Recording
  readonly #findings: Findings
  readonly #forms: RequiredFields
  #event: RecordedEvent | undefined
  /** Whether an event ended the answer. */
  protected isEnded = false
  /** Whether the reason for the end of the answer came. */
  protected isFinished = false

  constructor(recording: Recording, findings: Findings, forms: RequiredFields) {
    this.#recording = recording
    this.#findings = findings
    this.#forms = forms
  }

  /** The first event of an answer. */
  protected abstract readonly firstType: string

  /** Called with every event. */
  protected checkSequence(_event: JsonFields): void {}

  /** Called with every event that has the fields of its type. */
  protected abstract checkEvent(type: string, event: JsonFields): void

  check(events: readonly ParsedEvent[]): void {
    let isFirst = true
    for (const { event, value } of events) {
      this.#event = event
      // Open Responses ends a stream by [DONE], OpenAI does not: both are right.
      if (value === 'nothing' || value === 'done') continue
      if (this.isEnded) {
        this.add('after-done', `${shown(value.type)} after the end`)
        return
      }
      const { type } = value
      if (typeof type === 'string' && this.isError(type, value)) {
        this.add('error-in-stream', messageOf(this.errorIn(value)))
        return
      }
      this.#type(type, event)
      this.checkSequence(value)
      if (HEARTBEATS.includes(type)) continue
      if (isFirst !== (type === this.firstType)) this.add('start-first', shown(type))
      isFirst = false
      if (typeof type === 'string' && this.#hasFields(type, value)) this.checkEvent(type, value)
    }
    if (!this.isEnded) {
      checkEnd(this.#recording, this.#findings, this.isFinished, this.#event?.end ?? 0)
    }
  }

  protected isError(type: string, _event: JsonFields): boolean {
    return type === 'error'
  }

  protected errorIn(event: JsonFields): unknown {
    return event.error ?? event
  }

  protected add(rule: Parameters<Findings['add']>[0], seen: string): void {
    this.#findings.add(rule, seen, this.#event?.start, this.#event?.end)
  }

  #type(type: unknown, { lines }: RecordedEvent): void {
    if (typeof type !== 'string') this.add('event-fields', `type: ${shown(type)}`)
    const named = lines.map(({ text }) => /^event: ?(.*)$/.exec(text)?.[1])
    const name = named.find((each) => each !== undefined)
    if (name !== type) this.add('event-name', `event: ${name ?? 'missing'}, type: ${shown(type)}`)
  }

  #hasFields(type: string, event: JsonFields): boolean {
    const wrong = Object.entries(this.#forms[type] ?? {}).find(
      ([name, kind]) => !IS[kind](event[name]),
    )
    if (wrong === undefined) return true
    this.add('event-fields', `${type}: ${wrong[0]}: ${shown(event[wrong[0]])}`)
    return false
  }
}
