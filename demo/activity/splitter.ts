/** The frames of an answer, from its bytes as text, however they were cut. */
import type { Frame } from '../api.ts'

/**
 * Splits events at blank lines, and lines of JSON at their ends. An answer that is one JSON value is one
 * frame, once it is whole. Comments are frames of their own.
 */
export class FrameSplitter {
  #rest = ''
  #form: 'events' | 'lines' | 'whole' | undefined
  readonly #isLines: boolean

  /** `isLines`: an answer in JSON has a value on each line, as Ollama sends them. */
  constructor(isLines: boolean) {
    this.#isLines = isLines
  }

  push(at: number, text: string): Frame[] {
    this.#rest += text
    const start = this.#rest.trimStart()[0]
    if (start === undefined) return []
    this.#form ??= start !== '{' && start !== '[' ? 'events' : this.#isLines ? 'lines' : 'whole'
    if (this.#form === 'whole') return this.#whole(at)
    const pieces = this.#rest.split(this.#form === 'events' ? /(?:\r\n|\n|\r(?!\n)){2}/ : '\n')
    this.#rest = pieces.pop() ?? ''
    const texts = this.#form === 'events' ? pieces.flatMap(withComments) : pieces
    const frames = texts.filter((each) => each.trim() !== '').map((each) => ({ at, text: each }))
    return [...frames, ...this.#openComments(at)]
  }

  /** What was left when the answer ended. */
  end(at: number): Frame[] {
    const text = this.#rest
    this.#rest = ''
    return text.trim() === '' ? [] : [{ at, text }]
  }

  #whole(at: number): Frame[] {
    try {
      JSON.parse(this.#rest)
    } catch {
      return []
    }
    return this.end(at)
  }

  /** Comments tell of the event that follows, which may come much later: they are frames at once. */
  #openComments(at: number): Frame[] {
    if (this.#form !== 'events' || !this.#rest.startsWith(':')) return []
    const lines = this.#rest.split('\n')
    const count = lines.findIndex(
      (line, index) => !line.startsWith(':') || index === lines.length - 1,
    )
    this.#rest = lines.slice(count).join('\n')
    return lines.slice(0, count).map((text) => ({ at, text }))
  }
}

function withComments(event: string): string[] {
  const lines = event.split(/\r\n|\n|\r/)
  const comments = lines.filter((line) => line.startsWith(':'))
  const rest = lines.filter((line) => !line.startsWith(':')).join('\n')
  return [...comments, rest]
}
