/** The terminal's screen: draws only the lines that have changed, and puts everything back at the end. */
import type { Size } from './view.ts'

/** The alternate screen, so that what was there before comes back; no cursor; lines do not wrap. */
const ENTER = '\u001b[?1049h\u001b[?25l\u001b[?7l\u001b[2J'
const LEAVE = '\u001b[0m\u001b[?7h\u001b[?25h\u001b[?1049l'

/** Terminals that know these show all that is between them at once; others ignore them. */
const BEGIN = '\u001b[?2026h'
const END = '\u001b[?2026l'

export class Screen {
  readonly #write: (text: string) => void
  #shown: string[] = []
  #size: Size = { columns: 0, rows: 0 }
  #isOpen = false

  constructor(write: (text: string) => void) {
    this.#write = write
  }

  /** The size of the terminal now; 80 × 24 where it does not say. */
  get size(): Size {
    const { columns, rows } = process.stdout
    return { columns: columns || 80, rows: rows || 24 }
  }

  /** Whether what was written last has not been taken yet, as where a terminal is stopped by Ctrl-S. */
  get isBusy(): boolean {
    return process.stdout.writableLength > 0
  }

  enter(): void {
    if (this.#isOpen) return
    this.#isOpen = true
    this.#shown = []
    this.#write(ENTER)
  }

  leave(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    this.#write(LEAVE)
  }

  /** Shows these lines, each at most as wide as the terminal. */
  draw(lines: readonly string[]): void {
    if (!this.#isOpen) return
    const { columns, rows } = this.size
    const isResized = columns !== this.#size.columns || rows !== this.#size.rows
    if (isResized) this.#shown = []
    this.#size = { columns, rows }
    const changed = differences(this.#shown, lines.slice(0, rows))
    this.#shown = lines.slice(0, rows)
    if (changed === '') return
    this.#write(`${BEGIN}${isResized ? '\u001b[2J' : ''}${changed}${END}`)
  }
}

/** What has to be written so that a screen with lines `before` shows lines `after`. */
export function differences(before: readonly string[], after: readonly string[]): string {
  let text = ''
  for (let row = 0; row < Math.max(before.length, after.length); row++) {
    const line = after[row] ?? ''
    if (before[row] === line) continue
    // Erased first: where a terminal takes a character for wider, its last column would be erased.
    text += `\u001b[${row + 1};1H\u001b[2K${line}`
  }
  return text
}
