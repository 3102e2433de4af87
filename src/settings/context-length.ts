/** The size of a context as a setting: one for all models of an upstream, or by their names. */
import * as z from 'zod/mini'
import type { Details } from './declaration.ts'

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
  return { expected, ...details, kind: 'tokens' as const, schema }
}
