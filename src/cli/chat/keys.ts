/** Reads keys, and tells pasted text from typed text. */
import { Readable } from 'node:stream'

/** A terminal in this mode sends these around pasted text. Source: xterm, "Bracketed Paste Mode". */
const MARK_PASTES = '\u001b[?2004h'
const MARK_NOTHING = '\u001b[?2004l'
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const MARKS = /\u001b\[20([01])~/
/** A mark whose end has not arrived yet. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CUT_MARK = /\u001b\[2(0[01]?)?$/

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROLS = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/g

/** Splits the input of a terminal, in parts cut anywhere, into typed and pasted text. */
export function pasteReader(give: (text: string, pasted: boolean) => void): (text: string) => void {
  let pasted = false
  let cut = ''
  return (text) => {
    const parts = (cut + text).split(MARKS)
    const last = parts.length - 1
    cut = CUT_MARK.exec(parts[last] as string)?.[0] ?? ''
    parts[last] = (parts[last] as string).slice(0, -cut.length || undefined)
    for (const [i, part] of parts.entries()) {
      if (i % 2 === 1) pasted = part === '0'
      // Pasted text must not act as keys.
      else if (part !== '') give(pasted ? part.replace(CONTROLS, '') : part, pasted)
    }
  }
}

/** The terminal's keys as a stream for readline, each passed on at once. */
export class Keys extends Readable {
  readonly isTTY = true
  /** Whether the text that is being passed on was pasted. */
  pasting = false
  /** Bytes, each as one character, since a UTF-8 character may be split. */
  readonly #read = pasteReader((text, pasted) => {
    this.pasting = pasted
    this.emit('data', Buffer.from(text, 'latin1'))
    this.pasting = false
  })
  readonly #take = (bytes: Buffer) => this.#read(bytes.toString('latin1'))
  readonly #end = () => this.emit('end')

  open(): void {
    process.stdin.on('data', this.#take)
    process.stdin.on('end', this.#end)
    process.stdout.write(MARK_PASTES)
  }

  close(): void {
    process.stdin.off('data', this.#take)
    process.stdin.off('end', this.#end)
    process.stdin.pause()
    process.stdout.write(MARK_NOTHING)
  }

  /** Called by readline. */
  setRawMode(mode: boolean): this {
    process.stdin.setRawMode(mode)
    return this
  }

  override _read(): void {}
}
