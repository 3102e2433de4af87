/** Decodes the input of a custom tool call from the arguments of the function that replaces the tool. */
import { isObject } from '../../util/object.ts'

/** The name of that function's only argument. */
export const INPUT = 'input'

const HEAD = new RegExp(`^\\s*\\{\\s*"${INPUT}"\\s*:\\s*"`)

/** The most characters before the text for which the arguments still count as the usual form. */
const HEAD_LENGTH = 64

/**
 * Decodes `{"input": "…"}` incrementally. Models do not always follow the schema: of an object with a
 * single string, that string is the input; of anything else, the arguments themselves are.
 */
export class CustomToolInput {
  /** The decoded text so far. */
  text = ''
  #state: 'head' | 'text' | 'end' | 'other' = 'head'
  /** Undecoded arguments: everything before the text begins, afterwards an incomplete escape. */
  #pending = ''
  /** The first half of a surrogate pair whose second half has not arrived. */
  #highSurrogate = ''

  /** Returns what a piece of the arguments adds to the text. */
  add(piece: string): string {
    if (this.#state === 'end') return ''
    const json = this.#pending + piece
    this.#pending = json
    if (this.#state === 'other') return ''
    if (this.#state === 'text') return this.#decode(json)
    const head = HEAD.exec(json)
    if (head !== null) {
      this.#state = 'text'
      return this.#decode(json.slice(head[0].length))
    }
    if (json.length > HEAD_LENGTH) this.#state = 'other'
    return ''
  }

  /** Returns what the end of the arguments adds to the text. */
  end(): string {
    if (this.#state === 'text' || this.#state === 'end') return ''
    this.text = textIn(this.#pending)
    return this.text
  }

  #decode(json: string): string {
    let text = this.#highSurrogate
    let at = 0
    this.#pending = ''
    while (at < json.length) {
      const next = indexOfSpecial(json, at)
      text += json.slice(at, next)
      if (next === json.length) break
      if (json[next] === '"') {
        this.#state = 'end'
        break
      }
      at = next + (json[next + 1] === 'u' ? 6 : 2)
      if (at > json.length) {
        this.#pending = json.slice(next)
        break
      }
      text += unescaped(json.slice(next, at))
    }
    const isCut = this.#state === 'text' && /[\ud800-\udbff]$/.test(text)
    this.#highSurrogate = isCut ? text.slice(-1) : ''
    if (isCut) text = text.slice(0, -1)
    this.text += text
    return text
  }
}

/** The index of the next quote or backslash; the length where there is none. */
function indexOfSpecial(json: string, from: number): number {
  for (let at = from; at < json.length; at++) {
    const code = json.charCodeAt(at)
    if (code === 34 || code === 92) return at
  }
  return json.length
}

function unescaped(sequence: string): string {
  try {
    return JSON.parse(`"${sequence}"`) as string
  } catch {
    return sequence
  }
}

function textIn(json: string): string {
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch {
    return json
  }
  if (typeof value === 'string') return value
  if (!isObject(value)) return json
  const values = Object.values(value)
  if (values.length === 0) return ''
  const only = Object.hasOwn(value, INPUT) ? value[INPUT] : values.length === 1 ? values[0] : value
  return typeof only === 'string' ? only : json
}
