/** One entry of a list of objects: an upstream, a key. */
import * as z from 'zod/mini'
import type { Declaration } from './declaration.ts'
import { type Warn, withNewNames } from './deprecated.ts'
import { notShown, unexpected, unknownName } from './error.ts'
import { refusePrototype, requireNames } from './names.ts'

/** The options of an entry, by name. */
export type Options = Readonly<Record<string, Declaration>>

/** Reads the options of an entry. Throws a `SettingsError` that names the option. */
export function readEntry(
  options: Options,
  item: object,
  shownAs: string,
  warn: Warn,
): Record<string, unknown> {
  const given = withNewNames(
    options,
    item,
    warn,
    (name) => `${shownAs}.${name}`,
    (name) => name,
  )
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(options, name))
      throw unknownName(`${shownAs}.${name}`, name, Object.keys(options))
  }
  const entry: Record<string, unknown> = {}
  for (const [name, option] of entriesOf(options)) {
    const value = given[name]
    if (value === undefined && !option.required) continue
    entry[name] = readOption(option, value, `${shownAs}.${name}`)
    if (option.deprecated !== undefined)
      warn(`${shownAs}.${name} is deprecated: ${option.deprecated}.`)
  }
  return entry
}

/** One value by its declaration; a message shows `given`. Throws a `SettingsError`. */
export function readOption(
  option: Declaration,
  value: unknown,
  shownAs: string,
  given = value,
): unknown {
  if (option.kind === 'pairs' || option.kind === 'tokens') refusePrototype(value, shownAs)
  const result = schemaOf(option).safeParse(value)
  if (!result.success) {
    if (option.secret || option.secretIn) throw notShown(shownAs, option.expected, given)
    if (option.kind === 'pairs') requireNames(given, shownAs)
    const isEmpty = Array.isArray(given) && given.length === 0
    const advice = given === undefined ? 'add it' : isEmpty ? option.whenEmpty : undefined
    throw unexpected(shownAs, option.expected, given, advice)
  }
  if (option.kind === 'pairs') requireNames(value, shownAs)
  return option.read ? option.read(result.data as never, shownAs) : result.data
}

const entries = new WeakMap<Options, readonly (readonly [string, Declaration])[]>()

/** Made once: ten thousand keys have the same options. */
function entriesOf(options: Options): readonly (readonly [string, Declaration])[] {
  let made = entries.get(options)
  if (made === undefined) {
    made = Object.entries(options)
    entries.set(options, made)
  }
  return made
}

const schemas = new WeakMap<Declaration, z.ZodMiniType<unknown>>()

/** Made once: making the schemas of ten thousand keys' options takes longer than all else. */
function schemaOf(option: Declaration): z.ZodMiniType<unknown> {
  let schema = schemas.get(option)
  if (schema === undefined) {
    schema = option.schema()
    schemas.set(option, schema)
  }
  return schema
}

/** The schema of an object of options, for JSON Schema. */
export function entrySchema(options: Options): z.ZodMiniType {
  const properties: [string, z.ZodMiniType][] = []
  for (const [name, option] of Object.entries(options)) {
    const schema = option.schema().check(z.meta(metadataOf(option)))
    properties.push([name, option.required ? schema : z.optional(schema)])
    for (const former of option.formerNames ?? []) {
      const description = `The former name of ${name}.`
      const again = option.schema().check(z.meta({ description, deprecated: true }))
      properties.push([former, z.optional(again)])
    }
  }
  return z.strictObject(Object.fromEntries(properties))
}

function metadataOf({ help, deprecated, default: value }: Declaration) {
  const hasDefault = value !== undefined && typeof value !== 'object'
  return {
    description: deprecated === undefined ? help : `${help} Deprecated: ${deprecated}.`,
    ...(deprecated !== undefined && { deprecated: true }),
    ...(hasDefault && { default: value }),
  }
}
