/** Streams of events with a type: what the judges of Responses and of Messages have in common. */
import type { Recording } from '../../recording/recording.ts'
import { isObject } from '../../util/object.ts'
import { judgeEnd, messageOf, shown } from '../checks/ending.ts'
import type { SaidEvent } from '../checks/framing.ts'
import type { Findings } from '../findings.ts'
import type { WireEvent } from '../recorded-body.ts'
import type { JsonFields } from './dialect.ts'

/** What a field holds: an object, a text, or a number that counts from 0. */
export type FieldKind = 'object' | 'text' | 'index'

/** The fields that an event of a type must have. */
export type Forms = Readonly<Record<string, Readonly<Record<string, FieldKind>>>>

const IS: Record<FieldKind, (value: unknown) => boolean> = {
  object: isObject,
  text: (value) => typeof value === 'string',
  index: (value) => Number.isInteger(value) && (value as number) >= 0,
}

/** What says only that the line is alive, wherever it stands. */
const HEARTBEATS: unknown[] = ['ping', 'keepalive']

/** Judges what every such event must be; a subclass, what it means. */
export abstract class TypedJudge {
  readonly #recording: Recording
  readonly #findings: Findings
  readonly #forms: Forms
  #event: WireEvent | undefined
  /** Whether an event ended the answer. */
  protected isEnded = false
  /** Whether it is known why the answer ends. */
  protected isFinished = false

  constructor(recording: Recording, findings: Findings, forms: Forms) {
    this.#recording = recording
    this.#findings = findings
    this.#forms = forms
  }

  /** The first event of an answer. */
  protected abstract readonly first: string

  /** Looks at every event, whatever it is. */
  protected count(_event: JsonFields): void {}

  /** Looks at an event that has its fields. */
  protected abstract look(type: string, event: JsonFields): void

  judge(events: readonly SaidEvent[]): void {
    let isFirst = true
    for (const { event, said } of events) {
      this.#event = event
      // Open Responses ends a stream by [DONE], OpenAI does not: both are right.
      if (said === 'nothing' || said === 'done') continue
      if (this.isEnded) {
        this.add('after-done', `${shown(said.type)} behind the end`)
        return
      }
      const { type } = said
      if (typeof type === 'string' && this.isError(type, said)) {
        this.add('error-in-stream', messageOf(this.errorIn(said)))
        return
      }
      this.#type(type, event)
      this.count(said)
      if (HEARTBEATS.includes(type)) continue
      if (isFirst !== (type === this.first)) this.add('start-first', shown(type))
      isFirst = false
      if (typeof type === 'string' && this.#hasFields(type, said)) this.look(type, said)
    }
    if (!this.isEnded) {
      judgeEnd(this.#recording, this.#findings, this.isFinished, this.#event?.end ?? 0)
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

  #type(type: unknown, { lines }: WireEvent): void {
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
