import type { Recording } from '../../recording/recording.ts'
import { isObject } from '../../util/object.ts'
import { checkEnd, messageOf, shown } from '../checks/ending.ts'
import type { ParsedEvent } from '../checks/framing.ts'
import type { Findings } from '../findings.ts'
import type { RecordedEvent } from '../recorded-body.ts'

const REASONS = ['stop', 'length', 'tool_calls', 'content_filter', 'function_call']

/** Seconds until the year 5138; a larger `created` is in milliseconds. */
const MAX_SECONDS = 1e11

type Fields = Record<string, unknown>

/** The form of a chunk in one API. */
export interface ChunkShape {
  object: string
  isChoice(choice: Fields): boolean
  /** The content of a choice. */
  part(choice: Fields): Fields
  /** The role that the first content of a choice must have. */
  role?: string
}

/** Checks a stream of choices: the form of its chunks and their order. */
export function checkChoicesStream(
  recording: Recording,
  events: readonly ParsedEvent[],
  findings: Findings,
  form: ChunkShape,
): void {
  new ChoicesChecker(recording, findings, form).check(events)
}

class ChoicesChecker {
  readonly #form: ChunkShape
  readonly #recording: Recording
  readonly #findings: Findings
  readonly #asksUsage: boolean
  readonly #choices = new Map<number, { finished: boolean }>()
  #id = ''
  #created: unknown
  #usages = 0
  /** The event whose bytes are shown with a finding. */
  #event: RecordedEvent | undefined

  constructor(recording: Recording, findings: Findings, form: ChunkShape) {
    this.#form = form
    this.#recording = recording
    this.#findings = findings
    this.#asksUsage = /"include_usage" ?: ?true/.test(recording.request.body ?? '')
  }

  check(events: readonly ParsedEvent[]): void {
    for (const [index, { event, value }] of events.entries()) {
      this.#event = event
      if (value === 'nothing') continue
      if (value === 'done') {
        this.#done(events.slice(index + 1))
        return
      }
      if (value.error) {
        this.#add('error-in-stream', messageOf(value.error))
        return
      }
      this.#chunk(value)
    }
    checkEnd(this.#recording, this.#findings, this.#isFinished, this.#event?.end ?? 0)
  }

  #add(rule: Parameters<Findings['add']>[0], seen: string): void {
    this.#findings.add(rule, seen, this.#event?.start, this.#event?.end)
  }

  #chunk(chunk: Fields): void {
    const { object, choices } = chunk
    if (object !== this.#form.object) this.#add('chunk-object', shown(object))
    if (!Array.isArray(choices)) {
      this.#add('chunk-choices', `choices: ${shown(choices)}`)
      return
    }
    // A chunk without choices has only usage or filter results: id and model may be missing.
    if (choices.length > 0) this.#identity(chunk)
    this.#usage(chunk.usage, choices.length)
    for (const choice of choices) this.#choice(choice)
  }

  #identity({ id, model, created }: Fields): void {
    if (typeof id !== 'string' || id === '') this.#add('chunk-id', `id: ${shown(id)}`)
    else if (this.#id !== '' && id !== this.#id) this.#add('id-steady', `${this.#id}, then ${id}`)
    else this.#id = id
    if (typeof model !== 'string' || model === '')
      this.#add('chunk-model', `model: ${shown(model)}`)
    if (typeof created !== 'number' || created > MAX_SECONDS) {
      this.#add('chunk-created', `created: ${shown(created)}`)
    } else if (this.#created !== undefined && created !== this.#created) {
      this.#add('created-steady', `${this.#created}, then ${created}`)
    }
    this.#created ??= created
  }

  #usage(usage: unknown, choices: number): void {
    if (!isObject(usage)) return
    this.#usages++
    if (!this.#asksUsage) this.#add('usage-unasked', 'a chunk with usage')
    else if (choices > 0) this.#add('usage-last', 'usage in a chunk with choices')
    else if (this.#usages > 1) this.#add('usage-last', 'a second usage')
  }

  #choice(choice: unknown): void {
    const { isChoice, part, role } = this.#form
    if (!isObject(choice) || !Number.isInteger(choice.index) || !isChoice(choice)) {
      this.#add('chunk-choices', 'a choice without an index, or without a delta or text')
      return
    }
    const content = part(choice)
    const index = choice.index as number
    const known = this.#choices.get(index)
    if (known === undefined && role !== undefined && content.role !== role) {
      this.#add('role-first', `role: ${shown(content.role)}`)
    }
    const state = known ?? { finished: false }
    this.#choices.set(index, state)
    if (state.finished && hasContent(content)) this.#add('content-after-finish', 'content')
    this.#finish(choice.finish_reason, state)
  }

  #finish(reason: unknown, state: { finished: boolean }): void {
    if (reason === null || reason === undefined) return
    if (!REASONS.includes(reason as string)) this.#add('finish-reason', shown(reason))
    if (reason === '') return
    if (state.finished) this.#add('finish-twice', shown(reason))
    state.finished = true
  }

  get #isFinished(): boolean {
    for (const { finished } of this.#choices.values()) if (!finished) return false
    return this.#choices.size > 0
  }

  #done(rest: readonly ParsedEvent[]): void {
    // An empty `finish_reason` was reported already.
    if (!this.#isFinished && !this.#findings.has('finish-reason')) {
      this.#add('finish-missing', '[DONE] without a finish_reason')
    }
    const [after] = rest
    if (after !== undefined) {
      this.#event = after.event
      this.#add('after-done', `${rest.length} more events`)
    }
    if (this.#asksUsage && this.#usages === 0) this.#findings.add('usage-asked', 'no usage')
  }
}

/** Whether a delta has content besides its role. */
export function hasContent(delta: Fields): boolean {
  return Object.entries(delta).some(([name, value]) => {
    if (name === 'role' || value === null || value === '') return false
    return !Array.isArray(value) || value.length > 0
  })
}
