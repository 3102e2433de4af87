/** What is typed, with pastes told apart. */
import { Readable } from 'node:stream'

/** A terminal that is asked to puts these around what is pasted. Source: xterm, "Bracketed Paste Mode". */
const MARK_PASTES = '\u001b[?2004h'
const MARK_NOTHING = '\u001b[?2004l'
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const MARKS = /\u001b\[20([01])~/
/** A mark whose end has not come yet. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CUT_MARK = /\u001b\[2(0[01]?)?$/

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROLS = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/g

/** Splits what a terminal sends, cut anywhere, into what is typed and what is pasted. */
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
      // Nothing that is pasted may act as a key.
      else if (part !== '') give(pasted ? part.replace(CONTROLS, '') : part, pasted)
    }
  }
}

/** The terminal's keys as a stream for readline: each piece is given on in the moment it comes. */
export class Keys extends Readable {
  readonly isTTY = true
  /** Whether what is being given on was pasted. */
  pasting = false
  /** Of bytes, each as one character: a character may be cut. */
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
