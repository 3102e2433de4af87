import type { Recording } from '../../recording/recording.ts'
import { isObject } from '../../wire/object.ts'
import type { Findings } from '../findings.ts'
import type { WireEvent } from '../wire.ts'
import type { SaidEvent } from './framing.ts'

const REASONS = ['stop', 'length', 'tool_calls', 'content_filter', 'function_call']

/** Seconds until the year 5138; a larger `created` is in milliseconds. */
const MAX_SECONDS = 1e11

type Fields = Record<string, unknown>

/** A chat stream: its chunks' form, and the order in which they come. */
export function judgeChatStream(
  recording: Recording,
  said: readonly SaidEvent[],
  findings: Findings,
): void {
  new ChatStreamJudge(recording, findings).judge(said)
}

class ChatStreamJudge {
  readonly #recording: Recording
  readonly #findings: Findings
  readonly #asksUsage: boolean
  readonly #choices = new Map<number, { finished: boolean }>()
  #id = ''
  #created: unknown
  #usages = 0
  /** The event whose bytes are shown with a finding. */
  #event: WireEvent | undefined

  constructor(recording: Recording, findings: Findings) {
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
    this.#end()
  }

  #add(rule: Parameters<Findings['add']>[0], seen: string): void {
    this.#findings.add(rule, seen, this.#event?.start, this.#event?.end)
  }

  #chunk(chunk: Fields): void {
    const { object, choices } = chunk
    if (object !== 'chat.completion.chunk') this.#add('chunk-object', shown(object))
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
    if (!isObject(choice) || !Number.isInteger(choice.index) || !isObject(choice.delta)) {
      this.#add('chunk-choices', 'a choice without an index or a delta')
      return
    }
    const index = choice.index as number
    const known = this.#choices.get(index)
    if (known === undefined && choice.delta.role !== 'assistant') {
      this.#add('role-first', `role: ${shown(choice.delta.role)}`)
    }
    const state = known ?? { finished: false }
    this.#choices.set(index, state)
    if (state.finished && speaks(choice.delta)) this.#add('content-after-finish', 'a delta')
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

  /** There was no `[DONE]`. */
  #end(): void {
    const { end } = this.#recording
    if (end.how === 'stopped') return
    const length = this.#event?.end ?? 0
    if (end.how === 'broken') this.#findings.add('connection-broken', end.why ?? 'broken', length)
    else if (this.#isFinished) this.#findings.add('done-missing', 'the body ends', length)
    else this.#findings.add('truncated', 'the body ends without a finish_reason', length)
  }
}

function speaks(delta: Fields): boolean {
  return Object.entries(delta).some(([name, value]) => {
    if (name === 'role' || value === null || value === '') return false
    return !Array.isArray(value) || value.length > 0
  })
}

function messageOf(error: unknown): string {
  const message = isObject(error) ? error.message : error
  return String(message).slice(0, 200)
}

function shown(value: unknown): string {
  return value === undefined ? 'missing' : JSON.stringify(value).slice(0, 60)
}
