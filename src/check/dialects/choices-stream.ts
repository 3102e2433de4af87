import type { Recording } from '../../recording/recording.ts'
import { isObject } from '../../util/object.ts'
import { judgeEnd, messageOf, shown } from '../checks/ending.ts'
import type { SaidEvent } from '../checks/framing.ts'
import type { Findings } from '../findings.ts'
import type { WireEvent } from '../recorded-body.ts'

const REASONS = ['stop', 'length', 'tool_calls', 'content_filter', 'function_call']

/** Seconds until the year 5138; a larger `created` is in milliseconds. */
const MAX_SECONDS = 1e11

type Fields = Record<string, unknown>

/** What a chunk is in one API. */
export interface ChunkShape {
  object: string
  isChoice(choice: Fields): boolean
  /** What a choice brings. */
  part(choice: Fields): Fields
  /** Who speaks, where that has to be said first. */
  role?: string
}

/** A stream of choices: its chunks' form, and the order in which they come. */
export function judgeChoicesStream(
  recording: Recording,
  said: readonly SaidEvent[],
  findings: Findings,
  form: ChunkShape,
): void {
  new ChoicesJudge(recording, findings, form).judge(said)
}

class ChoicesJudge {
  readonly #form: ChunkShape
  readonly #recording: Recording
  readonly #findings: Findings
  readonly #asksUsage: boolean
  readonly #choices = new Map<number, { finished: boolean }>()
  #id = ''
  #created: unknown
  #usages = 0
  /** The event whose bytes are shown with a finding. */
  #event: WireEvent | undefined

  constructor(recording: Recording, findings: Findings, form: ChunkShape) {
    this.#form = form
    this.#recording = recording
    this.#findings = findings
    this.#asksUsage = /"include_usage" ?: ?true/.test(recording.request.body ?? '')
  }

  judge(events: readonly SaidEvent[]): void {
    for (const [index, { event, said }] of events.entries()) {
      this.#event = event
      if (said === 'nothing') continue
      if (said === 'done') {
        this.#done(events.slice(index + 1))
        return
      }
      if (said.error) {
        this.#add('error-in-stream', messageOf(said.error))
        return
      }
      this.#chunk(said)
    }
    judgeEnd(this.#recording, this.#findings, this.#isFinished, this.#event?.end ?? 0)
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
    // A chunk without choices brings usage, or what a filter found: it need not say who speaks.
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
    if (!this.#asksUsage) this.#add('usage-unasked', 'usage')
    else if (choices > 0) this.#add('usage-last', 'usage beside choices')
    else if (this.#usages > 1) this.#add('usage-last', 'usage again')
  }

  #choice(choice: unknown): void {
    const { isChoice, part, role } = this.#form
    if (!isObject(choice) || !Number.isInteger(choice.index) || !isChoice(choice)) {
      this.#add('chunk-choices', 'a choice without an index, or without what it brings')
      return
    }
    const brought = part(choice)
    const index = choice.index as number
    const known = this.#choices.get(index)
    if (known === undefined && role !== undefined && brought.role !== role) {
      this.#add('role-first', `role: ${shown(brought.role)}`)
    }
    const state = known ?? { finished: false }
    this.#choices.set(index, state)
    if (state.finished && saysSomething(brought)) this.#add('content-after-finish', 'more')
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

  #done(rest: readonly SaidEvent[]): void {
    // An empty `finish_reason` was told of already.
    if (!this.#isFinished && !this.#findings.has('finish-reason')) {
      this.#add('finish-missing', '[DONE] and no finish_reason')
    }
    const [after] = rest
    if (after !== undefined) {
      this.#event = after.event
      this.#add('after-done', `${rest.length} more`)
    }
    if (this.#asksUsage && this.#usages === 0) this.#findings.add('usage-asked', 'none')
  }
}

/** Whether a delta holds more than a role. */
export function saysSomething(delta: Fields): boolean {
  return Object.entries(delta).some(([name, value]) => {
    if (name === 'role' || value === null || value === '') return false
    return !Array.isArray(value) || value.length > 0
  })
}
