/** JSON Schemas from the zod schemas that check requests, in the form that reads best. */
import * as z from 'zod/mini'
import type { AnySchema } from '../../src/wire/validation/describe.ts'

/** A JSON Schema of the 2020-12 draft, as far as it is used here. */
export interface Schema {
  $ref?: string
  type?: string | string[]
  description?: string
  properties?: Record<string, Schema>
  required?: string[]
  items?: Schema
  anyOf?: Schema[]
  oneOf?: Schema[]
  additionalProperties?: Schema | boolean
  enum?: unknown[]
  const?: unknown
  pattern?: string
  [keyword: string]: unknown
}

export const COMPONENTS = '#/components/schemas/'

/** The JSON Schemas of named schemas; where one holds another, it refers to it by its name. */
export function componentsOf(named: Record<string, AnySchema>): Record<string, Schema> {
  const registry = z.registry<{ id: string }>()
  for (const [id, schema] of Object.entries(named)) registry.add(schema, { id })
  const { schemas } = z.toJSONSchema(registry, {
    io: 'input',
    unrepresentable: 'any',
    uri: (id) => COMPONENTS + id,
  })
  return Object.fromEntries(
    Object.entries(schemas).map(([name, schema]) => {
      const { $schema: _dialect, $id: _id, ...rest } = tidy(schema as Schema)
      return [name, rest]
    }),
  )
}

/** Says the same in fewer words. */
function tidy(schema: Schema): Schema {
  const said = Object.entries(schema).filter(([keyword, value]) => !isIdle(keyword, value))
  const tidied: Schema = Object.fromEntries(
    said.map(([keyword, value]) => [keyword, inner(keyword, value)]),
  )
  if (tidied.anyOf === undefined) return tidied
  const { anyOf, ...rest } = tidied
  const branches = anyOf.flatMap((branch) => (isOnlyChoice(branch) ? branch.anyOf : [branch]))
  // What may be left out may be null as well: the common case gets the short form.
  const [first, second] = branches
  const isPlain = first?.type !== undefined && first.enum === undefined && first.type !== 'object'
  if (branches.length === 2 && isPlain && isNull(second)) {
    return { ...rest, ...first, type: [first.type, 'null'].flat() as string[] }
  }
  return { ...rest, anyOf: branches }
}

function inner(keyword: string, value: unknown): unknown {
  if (keyword === 'properties') return mapped(value as Record<string, Schema>, tidy)
  if (keyword === 'anyOf' || keyword === 'oneOf') return (value as Schema[]).map(tidy)
  const isSchema = keyword === 'items' || keyword === 'additionalProperties'
  return isSchema && typeof value === 'object' ? tidy(value as Schema) : value
}

/** Unknown fields pass, and integers end at 2^53: that needs no saying at each place. */
function isIdle(keyword: string, value: unknown): boolean {
  if (Math.abs(value as number) === Number.MAX_SAFE_INTEGER) return true
  const isEmpty = JSON.stringify(value) === '{}'
  return isEmpty && (keyword === 'additionalProperties' || keyword === 'properties')
}

function isOnlyChoice(schema: Schema): schema is Schema & { anyOf: Schema[] } {
  return schema.anyOf !== undefined && Object.keys(schema).length === 1
}

function isNull(schema: Schema | undefined): boolean {
  return schema?.type === 'null'
}

export function mapped<T, U>(record: Record<string, T>, make: (value: T, key: string) => U) {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, make(value, key)]))
}
