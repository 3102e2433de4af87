import type { ChatMessage } from '../../wire/chat/request.ts'
import type { ChatAnswer } from './answer.ts'

/** What was said so far, and what is said to every model: a prompt and its answer at a time. */
export class ChatConversation {
  system: string | undefined
  #turns: { prompt: string; reply: string }[] = []
  #last: string | undefined
  /** Whether the last prompt's answer is the last of the turns. */
  #isKept = false

  constructor(system: string | undefined) {
    this.system = system
  }

  /** The last prompt, whatever became of its answer. */
  get last(): string | undefined {
    return this.#last
  }

  /** The messages that ask `prompt`. */
  asking(prompt: string): ChatMessage[] {
    this.#last = prompt
    this.#isKept = false
    return [...this.messages(), { role: 'user', content: prompt }]
  }

  /** Takes in an answer to the last prompt. Returns whether it is part of the conversation now. */
  keep({ text, outcome }: ChatAnswer): boolean {
    // Of an answer that failed nobody knows what is missing; one without words can't be sent back.
    if (this.#last === undefined || outcome.how === 'failed' || text === '') return false
    this.#turns.push({ prompt: this.#last, reply: text })
    this.#isKept = true
    return true
  }

  /** Takes back the last prompt and what was answered, and returns the prompt. */
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
