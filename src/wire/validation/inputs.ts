/** Texts and tokens, as completions and embeddings take them: one or several of either. */
import * as z from 'zod/mini'
import { integer } from './fields.ts'

/** A text, tokens, or a list of either. */
export type TextInputs = string | number[] | (string | number[])[]

/** Of such, where `text` says which texts may be. */
export function inputsSchema(text: z.ZodMiniType<string>): z.ZodMiniType<TextInputs> {
  const tokens = filled(integer(0))
  return z.union([text, tokens, filled(z.union([text, tokens]))])
}

/** What an upstream may take: also texts mixed with tokens, and objects with images. */
export function anyInputs() {
  return z.union([z.string(), z.array(z.unknown()), z.looseObject({})])
}

function filled<T extends z.ZodMiniType>(item: T) {
  const error = 'a non-empty array'
  return z.array(item, error).check(z.minLength(1, { error, abort: true }))
}

/**
 * What a list of them holds: each is one to answer. A list with a token in it is one prompt, though
 * texts stand between its tokens: that is how llama-server reads it.
 */
export function inputsOf(inputs: TextInputs): (string | number[])[] {
  if (!Array.isArray(inputs)) return [inputs]
  return isOne(inputs) ? [inputs] : inputs
}

function isOne(inputs: number[] | (string | number[])[]): inputs is number[] {
  return inputs.some((item) => typeof item === 'number')
}
