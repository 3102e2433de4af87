/** A tool call of a chat stream, joined from its deltas. */

import { isObject, parseObject } from '../util/object.ts'
import { quoted } from '../util/safe/quoted.ts'
import type { ToolCallDelta } from '../wire/chat/request.ts'
import { ApiError } from '../wire/errors/api-error.ts'

export class PartialToolCall {
  id = ''
  name = ''
  /** The arguments so far, as JSON text. */
  argumentsText = ''
  /** Arguments that arrived and can't be written yet. */
  #pending = ''
  #isClosed = false
  #parsedLength = 0
  #isComplete = false

  /**
   * Adds a delta and returns the arguments in it. Throws an `ApiError` (502) if arguments arrive after
   * the call was closed.
   */
  add({ id, function: called }: ToolCallDelta): string {
    if (typeof id === 'string') this.id ||= id
    if (!isObject(called)) return ''
    const { name, arguments: text } = called as { name?: unknown; arguments?: unknown }
    if (typeof name === 'string') this.name ||= name
    // Some servers send the arguments as an object instead of JSON text.
    const piece = isObject(text) ? JSON.stringify(text) : text
    if (typeof piece !== 'string') return ''
    if (!this.#isClosed) {
      this.argumentsText += piece
      return piece
    }
    if (piece.trim() === '') return ''
    const shown = quoted(this.name)
    throw incompleteAnswer(`continued the arguments of ${shown} after they were complete`)
  }

  /** Keeps arguments until they can be written. */
  addPending(piece: string): void {
    this.#pending += piece
  }

  takePending(): string {
    const held = this.#pending
    this.#pending = ''
    return held
  }

  /** Whether the arguments are a complete JSON object: only whitespace may follow. */
  isComplete(): boolean {
    // Called for every later delta that waits for this call, so the same text is parsed only once.
    if (this.#parsedLength !== this.argumentsText.length) {
      this.#parsedLength = this.argumentsText.length
      this.#isComplete =
        this.argumentsText.trimEnd().endsWith('}') && parseObject(this.argumentsText) !== undefined
    }
    return this.#isComplete
  }

  close(): void {
    this.#isClosed = true
  }
}

/** The `ApiError` (502) for an answer that no client can use; `did` completes "The engine …". */
export function incompleteAnswer(did: string, cause?: unknown): ApiError {
  const message = `The engine ${did}; the answer is incomplete, so retry the request.`
  return new ApiError(502, message, { code: 'engine_invalid', cause })
}
