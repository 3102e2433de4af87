/** The size of a context as a setting: one for all models of an upstream, or by their names. */
import * as z from 'zod/mini'
import type { Details } from './declaration.ts'
import { readPairs } from './names.ts'

/** Tokens; for all models, or by their names and patterns. */
export type ContextLength = number | Readonly<Record<string, number>>

const MOST = 1_000_000_000

/** A number of tokens, or an object of such numbers by model. */
export function tokensByModel<const D extends Details>(details: D) {
  const tokens = () => z.int().check(z.gte(1), z.lte(MOST))
  const name = () => z.string().check(z.minLength(1))
  const schema = (): z.ZodMiniType<ContextLength, ContextLength> =>
    z.union([tokens(), z.record(name(), tokens())])
  const expected = 'a number of tokens, or an object of such numbers by model'
  return { expected, ...details, kind: 'tokens' as const, schema, fromText: readTokens }
}

/** `8192` or `qwen3-*=16384,other=8192`; what is neither stays as it is, for the schema to refuse. */
function readTokens(value: unknown, shownAs: string): unknown {
  const isNumber = (text: unknown) => typeof text === 'string' && /^\s*\d{1,10}\s*$/.test(text)
  if (isNumber(value)) return Number(value)
  const pairs = readPairs(value, shownAs)
  if (typeof pairs !== 'object' || pairs === null || Array.isArray(pairs)) return value
  const sizes = Object.entries(pairs).map(([name, size]) => [
    name,
    isNumber(size) ? Number(size) : size,
  ])
  return Object.fromEntries(sizes)
}
