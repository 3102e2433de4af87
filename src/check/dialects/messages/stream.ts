import type { Recording } from '../../../recording/recording.ts'
import { isObject } from '../../../util/object.ts'
import { STOP_REASONS } from '../../../wire/messages/answer.ts'
import { shown } from '../../checks/ending.ts'
import type { SaidEvent } from '../../checks/framing.ts'
import type { Findings } from '../../findings.ts'
import type { JsonFields } from '../dialect.ts'
import { type Forms, TypedJudge } from '../typed-stream.ts'

const FORMS: Forms = {
  message_start: { message: 'object' },
  content_block_start: { index: 'index', content_block: 'object' },
  content_block_delta: { index: 'index', delta: 'object' },
  content_block_stop: { index: 'index' },
  message_delta: { delta: 'object', usage: 'object' },
}

const REASONS: readonly string[] = STOP_REASONS

/** The blocks that a delta of a type belongs to; others may come in any. */
const BLOCK_OF: Readonly<Record<string, RegExp>> = {
  text_delta: /^text$/,
  citations_delta: /^text$/,
  input_json_delta: /tool_use$/,
  thinking_delta: /^thinking$/,
  signature_delta: /^thinking$/,
}

/** A Messages stream: its events' form, and the order in which they come. */
export function judgeMessagesStream(
  recording: Recording,
  said: readonly SaidEvent[],
  findings: Findings,
): void {
  new MessagesJudge(recording, findings, FORMS).judge(said)
}

class MessagesJudge extends TypedJudge {
  protected readonly first = 'message_start'
  /** The types of the blocks that are open, by their index. */
  readonly #open = new Map<number, string>()

  protected look(type: string, event: JsonFields): void {
    const at = event.index as number
    if (type === 'message_start') this.#start(event.message as JsonFields)
    else if (type === 'content_block_start') {
      if (this.#open.has(at)) this.add('block-open', `block ${at} begins again`)
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
    if (!this.isFinished) this.add('finish-missing', 'message_stop and no stop_reason')
    const [open] = this.#open.keys()
    if (open !== undefined) this.add('block-closed', `block ${open} never ends`)
  }
}
