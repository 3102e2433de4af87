import type { ToolForm } from './forms.ts'
import type { OfferedTools } from './tools-of.ts'
import { type CallFrame, frameOf, TRIGGERS } from './written.ts'

/** A call that a model has written in full. */
export interface WrittenCall {
  name: string
  /** JSON. */
  arguments: string
}

/** What a piece of the answer was found to be. */
export interface ReadPiece {
  content: string
  calls: WrittenCall[]
}

const END_OF_THOUGHTS = '</think>'

/**
 * Finds the calls of tools in an answer that comes in pieces, which may be split anywhere. A call is told
 * when it is complete. White space between calls, and before the first, is no content.
 */
export class CallReader {
  readonly #trigger: string
  readonly #frames: readonly (CallFrame & { name: string })[]
  #state: 'thinking' | 'text' | 'call'
  /** Text that is not yet known to be content or a call. */
  #pending = ''
  /** White space that is content only if text follows. */
  #space = ''
  #arguments: ArgumentsEnd | undefined
  #count = 0

  constructor(form: ToolForm, { callable }: OfferedTools, isThinking: boolean) {
    this.#trigger = TRIGGERS[form.family]
    this.#frames = callable.map(({ name }) => ({ name, ...frameOf(form, name) }))
    this.#state = isThinking ? 'thinking' : 'text'
  }

  /** How many calls were found. */
  get count(): number {
    return this.#count
  }

  add(piece: string): ReadPiece {
    this.#pending += piece
    const found: ReadPiece = { content: '', calls: [] }
    while (this.#step(found));
    return found
  }

  /** What is left when the answer has ended: a call that was cut off is shown as the text that it is. */
  flush(): string {
    const left = this.#pending
    const space = left !== '' || this.#count === 0 ? this.#space : ''
    this.#pending = ''
    this.#space = ''
    return space + left
  }

  /** Returns whether there may be more to be found in what is pending. */
  #step(found: ReadPiece): boolean {
    if (this.#state === 'thinking') return this.#think(found)
    return this.#state === 'text' ? this.#text(found) : this.#call(found)
  }

  #think(found: ReadPiece): boolean {
    const at = this.#pending.indexOf(END_OF_THOUGHTS)
    if (at === -1) {
      found.content += this.#take(this.#pending.length - overlap(this.#pending, END_OF_THOUGHTS))
      return false
    }
    found.content += this.#take(at + END_OF_THOUGHTS.length)
    this.#state = 'text'
    return true
  }

  #text(found: ReadPiece): boolean {
    const at = this.#pending.indexOf(this.#trigger)
    const end = at === -1 ? this.#pending.length - overlap(this.#pending, this.#trigger) : at
    const text = this.#space + this.#take(end)
    const shown = text.trimEnd()
    found.content += shown
    this.#space = text.slice(shown.length)
    if (at === -1) return false
    this.#state = 'call'
    return true
  }

  #call(found: ReadPiece): boolean {
    const frame = this.#frames.find(({ begin }) => this.#pending.startsWith(begin))
    if (frame === undefined) return this.#unlessBegun(found)
    this.#arguments ??= new ArgumentsEnd(frame.begin.length)
    const end = this.#arguments.find(this.#pending)
    if (end === undefined) return false
    const rest = this.#pending.slice(end, end + frame.end.length)
    if (!frame.end.startsWith(rest)) return this.#isText(found)
    if (rest.length < frame.end.length) return false
    found.calls.push({ name: frame.name, arguments: this.#pending.slice(frame.begin.length, end) })
    this.#take(end + frame.end.length)
    this.#arguments = undefined
    this.#count++
    this.#space = ''
    this.#state = 'text'
    return true
  }

  /** What can't become a call is text, which the grammar does not let a model write. */
  #unlessBegun(found: ReadPiece): boolean {
    if (this.#frames.some(({ begin }) => begin.startsWith(this.#pending))) return false
    return this.#isText(found)
  }

  #isText(found: ReadPiece): boolean {
    found.content += this.#space + this.#take(this.#trigger.length)
    this.#space = ''
    this.#arguments = undefined
    this.#state = 'text'
    return true
  }

  #take(length: number): string {
    const taken = this.#pending.slice(0, length)
    this.#pending = this.#pending.slice(length)
    return taken
  }
}

/** How many characters at the end of a text may be the beginning of a word. */
function overlap(text: string, word: string): number {
  for (let length = Math.min(word.length - 1, text.length); length > 0; length--) {
    if (word.startsWith(text.slice(-length))) return length
  }
  return 0
}

/** Finds the end of a JSON object in a text that grows, looking at each character once. */
class ArgumentsEnd {
  #at: number
  #depth = 0
  #isInText = false
  #end: number | undefined

  constructor(start: number) {
    this.#at = start
  }

  find(text: string): number | undefined {
    while (this.#end === undefined && this.#at < text.length) {
      const character = text[this.#at]
      if (this.#isInText && character === '\\') {
        // Whatever it escapes has to be there, too.
        if (this.#at + 1 >= text.length) return undefined
        this.#at += 2
        continue
      }
      this.#at++
      if (character === '"') this.#isInText = !this.#isInText
      else if (this.#isInText) continue
      else if (character === '{' || character === '[') this.#depth++
      else if (character === '}' || character === ']') {
        this.#depth--
        if (this.#depth === 0) this.#end = this.#at
      }
    }
    return this.#end
  }
}
