import { isObject } from '../../util/object.ts'
import type { TextChoice, TextChunk, TextRequest } from '../../wire/completions/request.ts'
import type { TextContract } from '../../wire/contract/completions.ts'
import { badRequest } from '../../wire/errors/api-error.ts'
import { badValue } from './errors.ts'
import type { ChunkMaker } from './generated.ts'
import { type UsageInput, usageOf } from './usage.ts'

/** A piece of one answer to a text completion. */
export interface TextPiece extends Partial<Omit<TextChoice, 'text'>> {
  text: string
}

/** What a text completion may yield: a text, a piece, a whole chunk, or how many tokens were used. */
export type TextYield =
  | string
  | TextPiece
  | (Partial<Omit<TextChunk, 'choices'>> & { choices: TextPiece[] })
  | { usage: UsageInput }

const EXPECTED =
  "a text, a piece such as { text: 'Hello' }, a chunk with choices, or { usage: {…} }"

/** Makes chunks that the contract has nothing to repair in of what is yielded for a request. */
export class TextForm implements ChunkMaker<TextChunk> {
  readonly #label: string
  readonly #contract: TextContract
  readonly #envelope: Pick<TextChunk, 'id' | 'object' | 'created' | 'model'>
  /** How many answers were asked for, those to all prompts together. */
  readonly #asked: number
  /** Whether each answer that was seen has ended. */
  readonly #finished = new Map<number, boolean>()
  /** The last usage: it is written when all answers have ended. */
  #counted: TextChunk | undefined

  constructor(label: string, contract: TextContract, request: TextRequest, asked: number) {
    this.#label = label
    this.#contract = contract
    this.#asked = asked
    this.#envelope = {
      id: `cmpl-${crypto.randomUUID()}`,
      object: 'text_completion',
      created: Math.floor(Date.now() / 1000),
      model: request.model ?? label,
    }
  }

  chunk(value: unknown): TextChunk | undefined {
    if (typeof value === 'string') return value === '' ? undefined : this.#only({ text: value })
    if (!isObject(value)) throw this.#bad('yielded', value)
    if (Array.isArray(value.choices)) {
      return this.#whole(value.choices, value)
    }
    if (typeof value.text === 'string') return this.#only(value)
    if (isObject(value.usage)) return this.#hold(this.#usage(value.usage))
    throw this.#bad('yielded', value)
  }

  end(returned: unknown): TextChunk[] {
    const { errors } = this.#contract
    if (this.#finished.size === 0) {
      throw errors.unfinished('incomplete', 'ended without having yielded anything')
    }
    const open = [...this.#finished].filter(([, isFinished]) => !isFinished)
    const owed = open.map(([index]) => this.#made([{ index, text: '', finish_reason: 'stop' }]))
    if (returned === undefined) return this.#counted ? [...owed, this.#counted] : owed
    if (isObject(returned) && isObject(returned.usage))
      return [...owed, this.#usage(returned.usage)]
    throw badValue(errors, 'returned', returned, 'nothing, or { usage: {…} }')
  }

  #whole(choices: unknown[], value: Record<string, unknown>): TextChunk | undefined {
    const { usage, ...rest } = value
    const chunk = { ...this.#made([]), ...rest, choices: this.#made(choices).choices }
    if (!isObject(usage)) return chunk
    this.#hold({ ...chunk, choices: [], usage: usageOf(usage, this.#contract.errors) })
    return choices.length === 0 ? undefined : chunk
  }

  #hold(counted: TextChunk): undefined {
    this.#counted = counted
  }

  /** A piece that names no answer belongs to the only one. */
  #only(piece: Record<string, unknown>): TextChunk {
    if (piece.index !== undefined || this.#asked === 1) return this.#made([piece])
    const message = `n: expected one prompt and n: 1, got a request for ${this.#asked} answers; ${this.#label} gives one answer for each request: send one request for each.`
    throw badRequest(message, 'n')
  }

  #made(pieces: unknown[]): TextChunk {
    const choices = pieces.map((piece) => (isObject(piece) ? this.#complete(piece) : piece))
    return { ...this.#envelope, choices: choices as TextChoice[] }
  }

  #complete(piece: Record<string, unknown>): Record<string, unknown> {
    const { index = 0, finish_reason = null, logprobs = null } = piece
    const wasFinished = this.#finished.get(index as number) ?? false
    this.#finished.set(index as number, wasFinished || Boolean(finish_reason))
    return { ...piece, index, logprobs, finish_reason }
  }

  #usage(usage: Record<string, unknown>): TextChunk {
    return { ...this.#envelope, choices: [], usage: usageOf(usage, this.#contract.errors) }
  }

  #bad(did: string, value: unknown) {
    return badValue(this.#contract.errors, did, value, EXPECTED)
  }
}
