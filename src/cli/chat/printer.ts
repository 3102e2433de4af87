/** Prints an answer on a terminal as it arrives. */
import { terminalLine, terminalPieces } from '../../util/safe/terminal.ts'
import type { TerminalStyle } from '../startup.ts'
import type { AnswerListener } from './answer.ts'
import { showBytes } from './show-bytes.ts'

export interface PrinterOptions {
  write(text: string): void
  style: TerminalStyle
  /** Shows the bytes instead of the text. */
  raw: boolean
  /** Shows how long nothing has arrived. */
  waits: boolean
}

/** The part that is being printed. */
type Part = 'nothing' | 'reasoning' | 'text' | `call ${number}`

const WAITING_EVERY = 1_000

export class Printer implements AnswerListener {
  readonly #options: PrinterOptions
  readonly #startedAt = performance.now()
  readonly #isColoured: boolean
  #part: Part = 'nothing'
  #pieces = terminalPieces()
  #atLineStart = true
  #ticker: ReturnType<typeof setInterval> | undefined
  #isWaiting = false

  constructor(options: PrinterOptions) {
    this.#options = options
    this.#isColoured = options.style.weak('') !== ''
    if (options.waits) this.#ticker = setInterval(() => this.#showWaiting(), WAITING_EVERY)
  }

  head(status: number, type: string): void {
    if (this.#options.raw) this.#line(`${this.#clock()}  ${status} ${terminalLine(type)}`)
  }

  packet(bytes: Uint8Array): void {
    if (!this.#options.raw) return
    const { style } = this.#options
    this.#line(`${this.#clock()}  ${bytes.length} bytes`)
    this.#put(showBytes(bytes, (text) => style.weak(text)))
  }

  /** What follows begins on a new line, so that nobody takes the words for the model's. */
  lost(): void {
    this.#line('connection lost, resuming…')
  }

  text(piece: string): void {
    if (this.#options.raw) return
    this.#begin('text', 'answer')
    this.#put(this.#pieces(piece))
  }

  reasoning(piece: string): void {
    if (this.#options.raw) return
    this.#begin('reasoning', 'reasoning')
    this.#putWeak(this.#pieces(piece))
  }

  call(index: number, name: string, piece: string): void {
    if (this.#options.raw) return
    const part: Part = `call ${index}`
    if (this.#part !== part) {
      this.#begin(part)
      this.#putWeak('calls ')
    }
    if (name !== '') this.#put(`${this.#options.style.strong(terminalLine(name))} `)
    this.#putWeak(this.#pieces(piece))
  }

  /** The answer has ended; what follows begins on a new line. */
  end(): void {
    clearInterval(this.#ticker)
    this.#clearWaiting()
    this.#begin('nothing')
  }

  /** Each part begins on a new line; without colours, its name is printed. */
  #begin(part: Part, label?: string): void {
    if (part === this.#part) return
    if (this.#part !== 'nothing') this.#put(this.#pieces())
    this.#endLine()
    const isNamed = label === 'reasoning' || this.#part === 'reasoning'
    if (isNamed && label !== undefined && !this.#isColoured) this.#put(`[${label}]\n`)
    this.#part = part
    this.#pieces = terminalPieces()
  }

  #line(text: string): void {
    this.#endLine()
    this.#putWeak(text)
    this.#put('\n')
  }

  #endLine(): void {
    if (!this.#atLineStart) this.#put('\n')
  }

  #putWeak(text: string): void {
    if (text === '') return
    this.#put(this.#options.style.weak(text), text.endsWith('\n'))
  }

  #put(text: string, endsLine = text.endsWith('\n')): void {
    if (text === '') return
    this.#clearWaiting()
    clearInterval(this.#ticker)
    this.#options.write(text)
    this.#atLineStart = endsLine
  }

  #clock(): string {
    return `+${Math.round(performance.now() - this.#startedAt)} ms`
  }

  #showWaiting(): void {
    const seconds = Math.round((performance.now() - this.#startedAt) / 1_000)
    this.#isWaiting = true
    this.#options.write(`\r\u001b[K${this.#options.style.weak(`waiting ${seconds} s`)}`)
  }

  #clearWaiting(): void {
    if (this.#isWaiting) this.#options.write('\r\u001b[K')
    this.#isWaiting = false
  }
}
