/** The text that a model gave a custom tool, out of the arguments of the function that stands for it. */
import { isObject } from '../../wire/object.ts'

/** The one argument of such a function. */
export const INPUT = 'input'

const HEAD = new RegExp(`^\\s*\\{\\s*"${INPUT}"\\s*:\\s*"`)

/** Characters that the head of usual arguments may have. */
const HEAD_LENGTH = 64

/**
 * Decodes `{"input": "…"}` as it grows. Arguments of another form are the text themselves, or the one
 * text in them: models do not always keep to the schema, and what they wrote must not be lost.
 */
export class InputText {
  /** All of the text that is known. */
  text = ''
  #state: 'head' | 'text' | 'end' | 'other' = 'head'
  /** What can't be decoded yet: all of it before the text begins, then an escape that was cut. */
  #held = ''
  /** The first half of a character that is not whole. */
  #half = ''

  /** What a piece of the arguments adds to the text. */
  add(piece: string): string {
    if (this.#state === 'end') return ''
    const json = this.#held + piece
    this.#held = json
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

  /** What the end of the arguments adds to the text. */
  end(): string {
    if (this.#state === 'text' || this.#state === 'end') return ''
    this.text = textIn(this.#held)
    return this.text
  }

  #decode(json: string): string {
    let text = this.#half
    let at = 0
    this.#held = ''
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
        this.#held = json.slice(next)
        break
      }
      text += unescaped(json.slice(next, at))
    }
    const isCut = this.#state === 'text' && /[\ud800-\udbff]$/.test(text)
    this.#half = isCut ? text.slice(-1) : ''
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
