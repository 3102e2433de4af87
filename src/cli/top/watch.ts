/** One request that is open: its record, and what passes from now on. */

import { terminalPieces } from '../../util/safe/terminal.ts'
import type { Activity } from '../../wire/activity/schema.ts'
import { showBytes } from '../chat/show-bytes.ts'
import { answerReader, type Said } from './answer-text.ts'
import type { FeedEvent } from './feed.ts'
import { isNumber, numberOf, shortTime } from './format.ts'
import { readActivity } from './read.ts'
import { wrapped } from './text.ts'

/** The most characters that are kept of the text, and of the bytes; the oldest are dropped. */
const MOST_TEXT = 64 * 1024

/** A part of what a model said, safe for a terminal. */
export interface TextPart {
  kind: Said['kind']
  text: string
}

export class RequestWatch {
  readonly id: string
  /** Whether the server will send no more. */
  isOver = false
  /** Frames that the server left out because this program read too slowly. */
  lost = 0
  /** Why it cannot be watched. */
  failure = ''
  readonly #read = answerReader()
  readonly #encoder = new TextEncoder()
  #parts: TextPart[] = []
  #pieces = terminalPieces()
  #length = 0
  /** Each with its lines for the width in which it was shown last. */
  #raw: { text: string; width: number; lines: string[] }[] = []
  #rawLength = 0
  #version = 0
  #lines: { version: number; width: number; raw: boolean; lines: string[] } | undefined

  constructor(id: string) {
    this.id = id
  }

  /** Returns the record of the request, where the event holds it. */
  take({ name, data }: FeedEvent): Activity | undefined {
    if (name === 'activity') return readActivity(data)
    if (name === 'end') this.isOver = true
    else if (name === 'lost') this.lost += numberOf(data.count)
    else if (name === 'sent' || name === 'received') this.#takeBytes(name, data)
    return undefined
  }

  get parts(): readonly TextPart[] {
    return this.#parts
  }

  /** The lines of the text, or of the bytes; made again only where something came. */
  linesIn(
    width: number,
    raw: boolean,
    paint: (part: TextPart) => (line: string) => string,
  ): string[] {
    const made = this.#lines
    const version = this.#version
    if (made?.version === version && made.width === width && made.raw === raw) return made.lines
    const lines = raw ? this.#rawLines(width) : this.#textLines(width, paint)
    this.#lines = { version, width, raw, lines }
    return lines
  }

  #textLines(width: number, paint: (part: TextPart) => (line: string) => string): string[] {
    return this.#parts.flatMap((part) => {
      const mark = part.kind === 'text' ? '' : part.kind === 'reasoning' ? '│ ' : '» '
      const text = part.text.replace(/^\n+|\n+$/g, '')
      const lines = text === '' ? [] : wrapped(text, width - mark.length)
      return lines.map((line) => paint(part)(mark + line))
    })
  }

  #rawLines(width: number): string[] {
    return this.#raw.flatMap((entry) => {
      if (entry.width !== width) {
        entry.width = width
        entry.lines = wrapped(entry.text, width, true)
      }
      return entry.lines
    })
  }

  #takeBytes(name: 'sent' | 'received', { at, text }: Record<string, unknown>): void {
    if (typeof text !== 'string') return
    this.#version++
    const time = isNumber(at) ? `+${shortTime(at)}` : ''
    const bytes = showBytes(this.#encoder.encode(text)).replace(/\n$/, '')
    const from = name === 'sent' ? '→ client' : '← engine'
    const entry = `${from} ${time}\n${bytes}`
    this.#raw.push({ text: entry, width: 0, lines: [] })
    this.#rawLength += entry.length
    while (this.#rawLength > MOST_TEXT && this.#raw.length > 1) {
      this.#rawLength -= this.#raw.shift()?.text.length ?? 0
    }
    if (name === 'sent') for (const said of this.#read(text)) this.#say(said)
  }

  #say({ kind, text }: Said): void {
    const last = this.#parts.at(-1)
    if (last?.kind !== kind) {
      this.#pieces = terminalPieces()
      this.#parts.push({ kind, text: this.#pieces(text) })
    } else last.text += this.#pieces(text)
    this.#length += text.length
    while (this.#length > MOST_TEXT) this.#dropOldest()
  }

  #dropOldest(): void {
    const [first, second] = this.#parts
    if (first === undefined) return
    if (second !== undefined) {
      this.#length -= first.text.length
      this.#parts.shift()
      return
    }
    const cut = first.text.slice(-MOST_TEXT / 2)
    this.#length = cut.length
    first.text = cut
  }
}
