import type { Recording } from '../../../recording/recording.ts'
import { isObject } from '../../../util/object.ts'
import { shown } from '../../checks/ending.ts'
import type { ParsedEvent } from '../../checks/framing.ts'
import type { Findings } from '../../findings.ts'
import type { JsonFields } from '../dialect.ts'
import { type FieldKind, type RequiredFields, TypedEventChecker } from '../typed-stream.ts'

const OF_ANSWER: Record<string, FieldKind> = { response: 'object' }
const OF_ITEM: Record<string, FieldKind> = { output_index: 'index', item: 'object' }
const OF_PART: Record<string, FieldKind> = {
  output_index: 'index',
  item_id: 'text',
  content_index: 'index',
}

const EVENT_FIELDS: RequiredFields = {
  'response.created': OF_ANSWER,
  'response.in_progress': OF_ANSWER,
  'response.completed': OF_ANSWER,
  'response.incomplete': OF_ANSWER,
  'response.failed': OF_ANSWER,
  'response.output_item.added': OF_ITEM,
  'response.output_item.done': OF_ITEM,
  'response.content_part.added': { ...OF_PART, part: 'object' },
  'response.content_part.done': { ...OF_PART, part: 'object' },
  'response.output_text.delta': { ...OF_PART, delta: 'text' },
  'response.output_text.done': { ...OF_PART, text: 'text' },
  'response.refusal.delta': { ...OF_PART, delta: 'text' },
  'response.refusal.done': { ...OF_PART, refusal: 'text' },
  'response.reasoning_text.delta': { ...OF_PART, delta: 'text' },
  'response.reasoning_text.done': { ...OF_PART, text: 'text' },
  'response.function_call_arguments.delta': {
    output_index: 'index',
    item_id: 'text',
    delta: 'text',
  },
  'response.function_call_arguments.done': {
    output_index: 'index',
    item_id: 'text',
    arguments: 'text',
  },
}

/** The status of the response in each event that ends it. */
const ENDS: Readonly<Record<string, string>> = {
  'response.completed': 'completed',
  'response.incomplete': 'incomplete',
}

/** Checks a Responses stream: the form of its events and their order. */
export function checkResponsesStream(
  recording: Recording,
  events: readonly ParsedEvent[],
  findings: Findings,
): void {
  new ResponsesChecker(recording, findings, EVENT_FIELDS).check(events)
}

interface Item {
  id: unknown
  isOpen: boolean
  /** The joined deltas, by kind of event and part. */
  texts: Map<string, string>
  parts: Map<number, { isOpen: boolean }>
}

class ResponsesChecker extends TypedEventChecker {
  protected readonly firstType = 'response.created'
  readonly #items = new Map<number, Item>()
  #sequence = -1
  #id: unknown

  protected override isError(type: string): boolean {
    return type === 'error' || type === 'response.failed'
  }

  protected override errorIn({ response, ...event }: JsonFields): unknown {
    return isObject(response) ? response.error : event
  }

  protected checkEvent(type: string, event: JsonFields): void {
    if (isObject(event.response)) this.#answer(type, event.response)
    else if (type.startsWith('response.output_item.')) this.#item(type, event)
    else if (event.output_index !== undefined) this.#inItem(type, event)
  }

  protected override checkSequence({ sequence_number: sequence }: JsonFields): void {
    if (sequence !== this.#sequence + 1) {
      const expected = this.#sequence + 1
      this.add('event-sequence', `sequence_number: ${shown(sequence)}, expected ${expected}`)
    }
    if (typeof sequence === 'number') this.#sequence = sequence
  }

  #answer(type: string, { id, status, usage }: JsonFields): void {
    if (typeof id !== 'string' || id === '') {
      this.add('event-fields', `${type}: response.id: ${shown(id)}`)
    } else if (this.#id !== undefined && id !== this.#id) {
      this.add('id-steady', `${this.#id}, then ${id}`)
    }
    this.#id ??= id
    const expected = ENDS[type]
    if (expected === undefined) return
    this.isEnded = true
    if (status !== expected) this.add('finish-reason', `${type} with status ${shown(status)}`)
    const isCounted = isObject(usage) && typeof usage.output_tokens === 'number'
    if (!isCounted) this.add('usage-asked', `usage: ${shown(usage)}`)
    this.#allClosed()
  }

  #allClosed(): void {
    for (const [at, { isOpen, parts }] of this.#items) {
      const part = [...parts].find(([, each]) => each.isOpen)
      if (part !== undefined) this.add('block-closed', `part ${part[0]} of item ${at} never ends`)
      else if (isOpen) this.add('block-closed', `item ${at} never ends`)
    }
  }

  #item(type: string, event: JsonFields): void {
    const at = event.output_index as number
    const { id } = event.item as JsonFields
    const known = this.#items.get(at)
    if (type === 'response.output_item.added') {
      if (known !== undefined) this.add('block-open', `item ${at} starts again`)
      else this.#items.set(at, { id, isOpen: true, texts: new Map(), parts: new Map() })
    } else if (known?.isOpen !== true) this.add('block-open', `item ${at} ends, and is not open`)
    else {
      this.#sameId(known, id)
      known.isOpen = false
    }
  }

  #inItem(type: string, event: JsonFields): void {
    const at = event.output_index as number
    const item = this.#items.get(at)
    if (item?.isOpen !== true) {
      this.add('block-open', `${type} in item ${at}, which is not open`)
      return
    }
    if (event.item_id !== undefined) this.#sameId(item, event.item_id)
    const part = event.content_index as number | undefined
    if (type === 'response.content_part.added') item.parts.set(part as number, { isOpen: true })
    else if (part !== undefined) this.#part(type, item, part)
    this.#text(type, item, event)
  }

  #part(type: string, { parts }: Item, at: number): void {
    const part = parts.get(at)
    if (part?.isOpen !== true) this.add('block-open', `${type} in part ${at}, which is not open`)
    else if (type === 'response.content_part.done') part.isOpen = false
  }

  /** The event that ends a text repeats all of it. */
  #text(type: string, { texts }: Item, event: JsonFields): void {
    const [, kind, step] = /^response\.(.+)\.(delta|done)$/.exec(type) ?? []
    if (kind === undefined) return
    const key = `${kind} ${event.content_index ?? event.summary_index ?? ''}`
    const so = texts.get(key) ?? ''
    if (step === 'delta') {
      texts.set(key, so + String(event.delta))
      return
    }
    const whole = event.text ?? event.arguments ?? event.refusal
    if (typeof whole === 'string' && whole !== so) {
      this.add('done-text', `${shown(whole)} though the deltas say ${shown(so)}`)
    }
  }

  #sameId({ id }: Item, came: unknown): void {
    if (id !== undefined && came !== id)
      this.add('id-steady', `item ${shown(id)}, then ${shown(came)}`)
  }
}
