/** Texts and tokens, as completions and embeddings take them: one or several of either. */
import * as z from 'zod/mini'
import { integer } from './fields.ts'

/** A text, tokens, or a list of either. */
export type Inputs = string | number[] | (string | number[])[]

/** Of such, where `text` says which texts may be. */
export function inputsSchema(text: z.ZodMiniType<string>): z.ZodMiniType<Inputs> {
  const tokens = filled(integer(0))
  return z.union([text, tokens, filled(z.union([text, tokens]))])
}

function filled<T extends z.ZodMiniType>(item: T) {
  const error = 'a non-empty array'
  return z.array(item, error).check(z.minLength(1, { error, abort: true }))
}

/** What a list of them holds: each is one to answer. */
export function inputsOf(inputs: Inputs): (string | number[])[] {
  if (typeof inputs === 'string') return [inputs]
  return isTokens(inputs) ? [inputs] : inputs
}

function isTokens(inputs: number[] | (string | number[])[]): inputs is number[] {
  return typeof inputs[0] === 'number'
}
