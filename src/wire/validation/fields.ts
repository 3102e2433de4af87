/**
 * Fields that several APIs share. Only the fields that sluice itself uses are checked; ranges,
 * enumerations and all other fields are for the upstream to check. Engines in sluice itself check by
 * OpenAI's OpenAPI description 2.3.0, and accept more where local servers are known to.
 */
import * as z from 'zod/mini'
import { isObject } from '../../util/object.ts'
import { checking, invalid } from './invalid.ts'

/** An optional string. */
export const text = z.nullish(z.string())

// Every check aborts: if one branch of a union fails by a check alone, zod reports only that branch,
// although another one may be meant. The messages are expectations, which invalid() puts in a sentence.
export function integer(low: number, high = Number.MAX_SAFE_INTEGER) {
  const range = high === Number.MAX_SAFE_INTEGER ? `of at least ${low}` : `from ${low} to ${high}`
  const rule = { error: `an integer ${range}`, abort: true }
  return z.int(rule.error).check(z.gte(low, rule), z.lte(high, rule))
}

export const flag = z.nullish(z.boolean())

/**
 * The fields of a body. The schema of a field is created when a request first has it: a request has a
 * few of the forty, and creating all schemas takes longer than checking one.
 */
export type Fields = Readonly<Record<string, () => z.ZodMiniType>>

/** The same as one schema, for the OpenAPI document. */
export function bodySchema(fields: Fields) {
  const made = Object.entries(fields).map(([field, make]) => [field, make()] as const)
  return z.looseObject(Object.fromEntries(made))
}

/** Fields of chats and text completions that sluice itself uses. */
export const relied = {
  model: () => text,
  stream: () => flag,
  stream_options: () => z.nullish(z.looseObject({ include_usage: flag })),
  // The contract of a stream counts its choices.
  n: () => z.nullish(integer(1, 128)),
} satisfies Fields

/**
 * A function that checks the fields of a parsed body, of which `needed` is required. It throws an
 * `ApiError` (400) that names the first wrong field.
 */
export function fieldChecker(fields: Fields, needed = '') {
  const names = Object.keys(fields)
  const made = new Map<string, z.ZodMiniType>()
  const schemaOf = (field: string): z.ZodMiniType => {
    const schema = made.get(field) ?? (fields[field] as () => z.ZodMiniType)()
    made.set(field, schema)
    return schema
  }
  return (body: unknown): void => {
    if (!isObject(body))
      throw invalid(z.safeParse(z.looseObject({}), body, checking).error?.issues ?? [], body)
    const issues: z.core.$ZodIssue[] = []
    // In the order of the table, so that the reported field does not depend on the client's order.
    for (const field of names) {
      if (field !== needed && !Object.hasOwn(body, field)) continue
      const [issue] = z.safeParse(schemaOf(field), body[field], checking).error?.issues ?? []
      if (issue) issues.push({ ...issue, path: [field, ...issue.path] })
    }
    if (issues.length > 0) throw invalid(issues, body)
  }
}
