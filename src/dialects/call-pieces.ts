/** A tool call of a chat, put together from its pieces. */
import type { ToolCallDelta } from '../wire/chat.ts'
import { ApiError } from '../wire/errors.ts'
import { isObject, parseObject } from '../wire/object.ts'

export class CallPieces {
  id = ''
  name = ''
  /** All of the arguments so far, as JSON. */
  text = ''
  /** What came of them since `take` was last called. */
  #pending = ''
  #isClosed = false
  #parsedLength = 0
  #isWhole = false

  /** Throws an `ApiError` (502) where arguments come after the call was told to its end. */
  add({ id, function: called }: ToolCallDelta): void {
    const { name, arguments: text } = (isObject(called) ? called : {}) as Record<string, unknown>
    if (typeof id === 'string') this.id ||= id
    if (typeof name === 'string') this.name ||= name
    // Some servers give the arguments as the object that they stand for.
    const piece = isObject(text) ? JSON.stringify(text) : text
    if (typeof piece !== 'string' || piece === '') return
    if (!this.#isClosed) {
      this.text += piece
      this.#pending += piece
    } else if (piece.trim() !== '') {
      const shown = JSON.stringify(this.name)
      throw badCall(`went on with the arguments of ${shown} after they were whole`)
    }
  }

  take(): string {
    const pending = this.#pending
    this.#pending = ''
    return pending
  }

  /** Whether the arguments are a whole object: nothing but blanks may follow. */
  isWhole(): boolean {
    // Asked with each piece of what waits behind this call: the same text is parsed once.
    if (this.#parsedLength !== this.text.length) {
      this.#parsedLength = this.text.length
      this.#isWhole = this.text.trimEnd().endsWith('}') && parseObject(this.text) !== undefined
    }
    return this.#isWhole
  }

  close(): void {
    this.#isClosed = true
  }
}

/** A tool call that no client can do anything with; `did` completes "The engine …". */
export function badCall(did: string, cause?: unknown): ApiError {
  const message = `The engine ${did}; the answer is not complete.`
  return new ApiError(502, message, { code: 'engine_invalid', cause })
}
