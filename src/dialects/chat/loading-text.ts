/**
 * What the engine does before it can answer, as lines of the answer's reasoning, for clients that show no
 * comments. Every line is marked, so that nobody takes it for the model's, and taken out of the
 * conversation that a client sends back, so that the model does not either.
 */
import type { ChatMessage } from '../../wire/chat/message.ts'

/** Begins each line. */
const MARK = '[sluice] '

const LINES = /^(?:\[sluice\] [^\n]*\n)+/

/** The fields that reasoning is sent in. */
const FIELDS = ['reasoning_content', 'reasoning'] as const

export type ReasoningField = (typeof FIELDS)[number]

/** The lines of one answer. */
export class LoadingText {
  readonly field: ReasoningField
  #last: string | undefined

  constructor(field: ReasoningField) {
    this.field = field
  }

  /** The line for a progress; undefined where it says no more than the last one, but for a percent or two. */
  lineFor(progress: string): string | undefined {
    const text = progress.replace(/\s+/g, ' ').replace(/\d(?= %$)/, '0')
    if (text === this.#last) return undefined
    this.#last = text
    return `${MARK}${text}\n`
  }
}

/** The messages without such lines; the same array where there are none. */
export function withoutLoadingText(messages: ChatMessage[]): ChatMessage[] {
  if (!messages.some(hasLines)) return messages
  return messages.map((message) => {
    if (!hasLines(message)) return message
    const plain: Record<string, unknown> = { ...message }
    for (const field of FIELDS) {
      const text = plain[field]
      if (typeof text === 'string') plain[field] = text.replace(LINES, '')
    }
    return plain as unknown as ChatMessage
  })
}

function hasLines(message: ChatMessage): boolean {
  return FIELDS.some((field) => {
    const text = (message as unknown as Record<string, unknown>)[field]
    return typeof text === 'string' && text.startsWith(MARK)
  })
}
