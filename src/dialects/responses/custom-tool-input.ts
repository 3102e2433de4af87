/** Decodes the input of a custom tool from the arguments of the function that replaces it. */

import { isObject } from '../../util/object.ts'
import { parseJson } from '../../util/parse-json.ts'

/** The name of the function's only argument. */
export const INPUT = 'input'

const HEAD = /^\s*\{\s*"input"\s*:\s*"/

/** The most characters before the text; with more, the arguments have another form. */
const HEAD_LENGTH = 64

/**
 * Decodes `{"input": "…"}` incrementally. Models do not always follow the schema: if the arguments are an
 * object with a single string, that string is the input; otherwise the input is the arguments as text.
 */
export class CustomToolInput {
  /** The decoded text so far. */
  text = ''
  #state: 'head' | 'text' | 'end' | 'other' = 'head'
  /** Arguments that are not decoded yet: all of them before the text starts, then an incomplete escape. */
  #pending = ''
  /** A high surrogate whose low surrogate has not arrived. */
  #highSurrogate = ''

  /** Adds a delta of the arguments and returns the decoded text in it. */
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

  /** Returns the text that is known only at the end of the arguments. */
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

/** The index of the next quote or backslash; the length if there is none. */
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
    value = parseJson(json)
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
