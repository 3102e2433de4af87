/** Edits the input line in a terminal, with history and pastes. */
import { createInterface, type Interface } from 'node:readline'
import { Writable } from 'node:stream'
import { Keys } from './keys.ts'

export type EditorInput =
  | { kind: 'line'; text: string; pasted: boolean }
  /** Ctrl-C; `empty` if the line was. */
  | { kind: 'interrupt'; empty: boolean }
  | { kind: 'end' }

export class Editor {
  /**
   * Called on Ctrl-C and at the end of the input while no line is being read. Where there is none, Ctrl-C is
   * given to the next read: the second of two may come before that has begun.
   */
  onInterrupt: (() => void) | undefined
  readonly #keys = new Keys()
  readonly #screen = new Screen()
  readonly #lines: Interface
  /** Lines that were typed before they were read. */
  readonly #ahead: EditorInput[] = []
  #waiting: ((typed: EditorInput) => void) | undefined
  #closed = false

  /** `history`: earlier lines, the oldest first. */
  constructor(history: readonly string[], onLine: (line: string) => void) {
    this.#lines = createInterface({
      input: this.#keys,
      output: this.#screen,
      terminal: true,
      history: history.toReversed(),
      historySize: 1_000,
      removeHistoryDuplicates: true,
    })
    this.#lines.on('line', (text) => {
      onLine(text)
      this.#give({ kind: 'line', text, pasted: this.#keys.pasting })
    })
    this.#lines.on('SIGINT', () => this.#interrupt())
    this.#lines.on('close', () => this.#end())
    process.on('exit', () => this.close())
    this.#keys.open()
  }

  /** The next line, Ctrl-C or the end of the input. Lines typed before come first. */
  read(prompt: string): Promise<EditorInput> {
    const typed = this.#ahead.shift()
    if (typed !== undefined) {
      if (typed.kind === 'line') process.stdout.write(`${prompt}${typed.text}\n`)
      return Promise.resolve(typed)
    }
    if (this.#closed) return Promise.resolve({ kind: 'end' })
    const { promise, resolve } = Promise.withResolvers<EditorInput>()
    this.#waiting = resolve
    this.#screen.muted = false
    this.#lines.setPrompt(prompt)
    this.#lines.prompt(true)
    return promise
  }

  /** Restores the terminal. */
  close(): void {
    if (this.#closed) return
    this.#screen.muted = true
    this.#lines.close()
  }

  #give(typed: EditorInput): void {
    const give = this.#waiting
    this.#waiting = undefined
    this.#screen.muted = true
    if (give) give(typed)
    else this.#ahead.push(typed)
  }

  #interrupt(): void {
    const empty = this.#lines.line === ''
    const isRead = this.#waiting !== undefined
    // The line stays visible, as in a shell.
    this.#lines.write(null, { ctrl: true, name: 'e' })
    if (isRead) process.stdout.write('^C\n')
    this.#screen.muted = true
    this.#lines.write(null, { ctrl: true, name: 'u' })
    this.#ahead.length = 0
    if (isRead || this.onInterrupt === undefined) this.#give({ kind: 'interrupt', empty })
    else this.onInterrupt()
  }

  #end(): void {
    if (this.#closed) return
    this.#closed = true
    this.#keys.close()
    if (this.#waiting) {
      process.stdout.write('\n')
      this.#give({ kind: 'end' })
    } else this.onInterrupt?.()
  }
}

/** The terminal, muted while something else writes to it. */
class Screen extends Writable {
  muted = true

  constructor() {
    super({ decodeStrings: false })
    process.stdout.on('resize', () => this.emit('resize'))
  }

  /** Hidden text takes no rows, or readline would later erase the rows of others. */
  get columns(): number | undefined {
    return this.muted ? Number.MAX_SAFE_INTEGER : process.stdout.columns
  }

  get rows(): number | undefined {
    return process.stdout.rows
  }

  override _write(text: unknown, _encoding: BufferEncoding, done: () => void): void {
    if (!this.muted) process.stdout.write(text as string)
    done()
  }
}
