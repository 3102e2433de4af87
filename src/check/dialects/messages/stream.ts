import type { Recording } from '../../../recording/recording.ts'
import { isObject } from '../../../util/object.ts'
import { STOP_REASONS } from '../../../wire/messages/answer.ts'
import { shown } from '../../checks/ending.ts'
import type { ParsedEvent } from '../../checks/framing.ts'
import type { Findings } from '../../findings.ts'
import type { JsonFields } from '../dialect.ts'
import { type RequiredFields, TypedEventChecker } from '../typed-stream.ts'

const EVENT_FIELDS: RequiredFields = {
  message_start: { message: 'object' },
  content_block_start: { index: 'index', content_block: 'object' },
  content_block_delta: { index: 'index', delta: 'object' },
  content_block_stop: { index: 'index' },
  message_delta: { delta: 'object', usage: 'object' },
}

const REASONS: readonly string[] = STOP_REASONS

/** The block types that a delta of a type may belong to; other deltas may come in any. */
const BLOCK_OF: Readonly<Record<string, RegExp>> = {
  text_delta: /^text$/,
  citations_delta: /^text$/,
  input_json_delta: /tool_use$/,
  thinking_delta: /^thinking$/,
  signature_delta: /^thinking$/,
}

/** Checks a Messages stream: the form of its events and their order. */
export function checkMessagesStream(
  recording: Recording,
  events: readonly ParsedEvent[],
  findings: Findings,
): void {
  new MessagesChecker(recording, findings, EVENT_FIELDS).check(events)
}

class MessagesChecker extends TypedEventChecker {
  protected readonly firstType = 'message_start'
  /** The types of the blocks that are open, by their index. */
  readonly #open = new Map<number, string>()

  protected checkEvent(type: string, event: JsonFields): void {
    const at = event.index as number
    if (type === 'message_start') this.#start(event.message as JsonFields)
    else if (type === 'content_block_start') {
      if (this.#open.has(at)) this.add('block-open', `block ${at} starts again`)
      this.#open.set(at, String((event.content_block as JsonFields).type))
    } else if (type === 'content_block_delta') this.#delta(at, event.delta as JsonFields)
    else if (type === 'content_block_stop') {
      if (!this.#open.delete(at)) this.add('block-open', `block ${at} ends, and is not open`)
    } else if (type === 'message_delta') this.#finish(event)
    else if (type === 'message_stop') this.#stop()
  }

  #start({ id, role, model }: JsonFields): void {
    const missing = Object.entries({ id, role, model }).find(
      ([, value]) => typeof value !== 'string' || value === '',
    )
    if (missing !== undefined) {
      this.add('event-fields', `message_start: message.${missing[0]}: ${shown(missing[1])}`)
    }
  }

  #delta(at: number, { type }: JsonFields): void {
    const block = this.#open.get(at)
    if (block === undefined) this.add('block-open', `a delta of block ${at}, which is not open`)
    else if (BLOCK_OF[String(type)]?.test(block) === false) {
      this.add('block-open', `a ${type} in a block of ${block}`)
    }
  }

  #finish({ delta, usage }: JsonFields): void {
    const { stop_reason: reason } = delta as JsonFields
    if (reason !== null && reason !== undefined) {
      if (!REASONS.includes(String(reason))) this.add('finish-reason', shown(reason))
      this.isFinished = true
    }
    const isCounted = isObject(usage) && typeof usage.output_tokens === 'number'
    if (!isCounted) this.add('usage-asked', `usage: ${shown(usage)}`)
  }

  #stop(): void {
    this.isEnded = true
    if (!this.isFinished) this.add('finish-missing', 'message_stop without a stop_reason')
    const [open] = this.#open.keys()
    if (open !== undefined) this.add('block-closed', `block ${open} never ends`)
  }
}
