/** The frames of an answer, from its bytes as text, however they were cut. */
import type { Frame } from '../api.ts'

const BLANK_LINE = /(?:\r\n|\n|\r(?!\n)){2}/

/**
 * Splits events at blank lines, and values of JSON where each is whole: one in all, or one on each line,
 * as Ollama sends them. Comments are frames of their own.
 */
export class FrameSplitter {
  #rest = ''
  #isEvents: boolean | undefined

  push(at: number, text: string): Frame[] {
    this.#rest += text
    const start = this.#rest.trimStart()[0]
    if (start === undefined) return []
    this.#isEvents ??= start !== '{' && start !== '['
    const texts = this.#isEvents ? this.#events() : this.#values()
    return texts.filter((each) => each.trim() !== '').map((each) => ({ at, text: each }))
  }

  /** What was left when the answer ended. */
  end(at: number): Frame[] {
    const text = this.#rest
    this.#rest = ''
    return text.trim() === '' ? [] : [{ at, text }]
  }

  #events(): string[] {
    const pieces = this.#rest.split(BLANK_LINE)
    this.#rest = pieces.pop() ?? ''
    return [...pieces.flatMap(withComments), ...this.#openComments()]
  }

  /** Comments tell of what is still to come, which may be much later: they are frames at once. */
  #openComments(): string[] {
    const lines = this.#rest.split('\n')
    const isOpen = (line: string, index: number) => line.startsWith(':') && index < lines.length - 1
    const count = lines.findIndex((line, index) => !isOpen(line, index))
    this.#rest = lines.slice(count).join('\n')
    return lines.slice(0, count)
  }

  #values(): string[] {
    // Of a long value that comes in many pieces, most are not even looked at.
    if (!/[}\]]\s*$/.test(this.#rest.slice(-20)) && !this.#rest.includes('\n')) return []
    if (isJson(this.#rest)) {
      const whole = this.#rest
      this.#rest = ''
      return [whole.trimEnd()]
    }
    const lines = this.#rest.split('\n')
    const rest = lines.pop() ?? ''
    const isEach = lines.length > 0 && lines.every((line) => line.trim() === '' || isJson(line))
    if (!isEach) return []
    this.#rest = rest
    return lines
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

function withComments(event: string): string[] {
  const lines = event.split(/\r\n|\n|\r/)
  const comments = lines.filter((line) => line.startsWith(':'))
  const rest = lines.filter((line) => !line.startsWith(':')).join('\n')
  return [...comments, rest]
}
