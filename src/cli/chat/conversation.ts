import type { ChatMessage } from '../../wire/chat/request.ts'
import type { ChatAnswer } from './answer.ts'

/** The system message, and the turns of a conversation: each a prompt and its answer. */
export class ChatConversation {
  system: string | undefined
  #turns: { prompt: string; reply: string }[] = []
  #last: string | undefined
  /** Whether the answer to the last prompt is part of the conversation. */
  #isKept = false

  constructor(system: string | undefined) {
    this.system = system
  }

  /** The last prompt, whether or not it was answered. */
  get last(): string | undefined {
    return this.#last
  }

  /** The messages of a request with `prompt`. */
  asking(prompt: string): ChatMessage[] {
    this.#last = prompt
    this.#isKept = false
    return [...this.messages(), { role: 'user', content: prompt }]
  }

  /** Adds an answer to the last prompt. Returns whether it became part of the conversation. */
  keep({ text, outcome }: ChatAnswer): boolean {
    // A failed answer is incomplete, and one without text cannot be sent to the model again.
    if (this.#last === undefined || outcome.how === 'failed' || text === '') return false
    this.#turns.push({ prompt: this.#last, reply: text })
    this.#isKept = true
    return true
  }

  /** Removes the last prompt and its answer, and returns the prompt. */
  again(): string | undefined {
    if (this.#isKept) this.#turns.pop()
    this.#isKept = false
    return this.#last
  }

  clear(): void {
    this.#turns = []
    this.#last = undefined
  }

  messages(): ChatMessage[] {
    const { system } = this
    return [
      ...(system === undefined ? [] : [{ role: 'system' as const, content: system }]),
      ...this.#turns.flatMap(({ prompt, reply }): ChatMessage[] => [
        { role: 'user', content: prompt },
        { role: 'assistant', content: reply },
      ]),
    ]
  }
}
