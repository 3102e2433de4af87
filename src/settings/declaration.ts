/** How one setting, or one option of an entry, is declared. All else is derived from it. */
import * as z from 'zod/mini'
import type { Warn } from './deprecated.ts'
import { notShown, unexpected } from './error.ts'
import { readPairs } from './names.ts'
import { readBoolean, readDuration, readInteger, readSize } from './text.ts'

/** Where settings are used: `sluice` on a runtime, a deployed worker, or `createHandler` in code. */
export type Place = 'bun' | 'deno' | 'node' | 'workerd' | 'worker' | 'code'

export type Kind =
  | 'text'
  | 'choice'
  | 'integer'
  | 'time'
  | 'size'
  | 'tokens'
  | 'boolean'
  | 'list'
  | 'pairs'

/** What every declaration may say. */
export interface Details {
  /** What it is, in sentences: for `--help`, the JSON Schema and the documentation. */
  help: string
  /** What stands for the value in `--help`: `PORT`. */
  placeholder?: string
  /** What a value must be, for messages: `expected …`. Each kind of setting has a text of its own. */
  expected?: string
  /** Names it had before, which still work for one release. */
  formerNames?: readonly string[]
  /** What to use instead of a setting that goes with the next release. */
  deprecated?: string
  /** Whether its value is never shown, and no flag takes it: a process list would show it. */
  secret?: boolean
  /** Whether a text holds a secret. No flag takes one that does, and no message shows any value. */
  secretIn?: (text: string) => boolean
  /** The places that can do what it asks for; all by default. Elsewhere it is an error. */
  where?: readonly Place[]
  /** What to do where it cannot be done: the end of that error's message. */
  instead?: string
  /** Whether a server that runs keeps the value it started with. */
  needsRestart?: boolean
  /** What an empty list would mean, and what to do instead: the end of that error's message. */
  whenEmpty?: string
  /** Whether a list may hold one value only, so far. */
  isSingle?: boolean
  /** Whether an entry must have this option. */
  required?: boolean
}

/** A declaration with everything that its kind adds. */
export interface Declaration extends Details {
  kind: Kind
  expected: string
  /** Made for a value that is given: making all of them costs more than most starts have to check. */
  schema: () => z.ZodMiniType<unknown>
  default?: unknown
  /** All that it may be, where that is one of a few words. */
  choices?: readonly string[]
  /** A value out of a flag or the environment, where that is not a text already. */
  fromText?: (text: unknown, shownAs: string) => unknown
  /** What the schema cannot check or convert. Throws a `SettingsError`. */
  read?: (value: never, shownAs: string) => unknown
  item?: Item<unknown, unknown>
}

/** What a list holds. */
export interface Item<Input, Output> {
  schema: () => z.ZodMiniType<unknown, Input>
  /** The options of an item that is an object. */
  options?: Readonly<Record<string, Declaration>>
  /** Reads one item. Throws a `SettingsError`. */
  read(item: unknown, shownAs: string, warn: Warn): Output
  /** Whether an empty text says something, where others are skipped. */
  keepsEmpty?: boolean
}

/** Servers that `sluice` starts. */
export const servers = ['bun', 'deno', 'node', 'workerd'] as const satisfies readonly Place[]

/** The same, and workers, which others start. */
export const serversAndWorkers = [
  'bun',
  'deno',
  'node',
  'workerd',
  'worker',
] as const satisfies readonly Place[]

/** What an API key is made of. */
export const VISIBLE = /^[\x21-\x7e]*$/

const DAY = 24 * 60 * 60_000

// As JSON Schema knows them: without flags.
const TIME = /^\s*\d+(\.\d+)? ?(ms|s|m|h)?\s*$/
const SIZE = /^\s*\d+(\.\d+)? ?([kKmMgG][iI]?)?[bB]?\s*$/

export function text<const D extends Details & { default?: string; pattern?: RegExp }>(details: D) {
  const schema = (): z.ZodMiniType<string, string> =>
    z.string().check(details.pattern ? z.regex(details.pattern) : z.minLength(1))
  return { expected: 'a text', ...details, kind: 'text' as const, schema }
}

/** One of a few words. */
export function choice<
  const C extends readonly string[],
  const D extends Details & { default?: NoInfer<C[number]> },
>(choices: C, details: D) {
  const schema = (): z.ZodMiniType<C[number], C[number]> => z.enum(choices)
  const expected = `one of ${choices.join(', ')}`
  return { expected, ...details, kind: 'choice' as const, choices, schema }
}

export function boolean<const D extends Details & { default?: boolean }>(details: D) {
  const schema = (): z.ZodMiniType<boolean, boolean> => z.boolean()
  const expected = 'true or false'
  return { expected, ...details, kind: 'boolean' as const, schema, fromText: readBoolean }
}

interface Bounds {
  min: number
  max: number
  default?: number
}

export function integer<const D extends Details & Bounds>(details: D) {
  const { min, max } = details
  const schema = (): z.ZodMiniType<number, number> => z.int().check(z.gte(min), z.lte(max))
  const expected = `a whole number from ${min} to ${max}`
  return { expected, ...details, kind: 'integer' as const, schema, fromText: readInteger }
}

/** Milliseconds, or text with a unit. */
export function time<const D extends Details & Partial<Bounds> & { min: number }>(details: D) {
  const { min, max = DAY } = details
  const range = () => z.number().check(z.gte(min), z.lte(max))
  const schema = (): z.ZodMiniType<number, number | string> =>
    z.pipe(
      z.pipe(
        z.union([range(), z.string().check(z.regex(TIME))]),
        z.transform((value: number | string) => readDuration(value)),
      ),
      range(),
    )
  const from = min === 0 ? '0' : min < 1_000 ? `${min}ms` : `${min / 1_000}s`
  const to = max === DAY ? '24h' : `${max / 1_000}s`
  const expected = `a time from ${from} to ${to}, such as 500ms, 10s or 1.5m`
  return { expected, ...details, kind: 'time' as const, schema }
}

/** Bytes, or text with a unit. */
export function size<const D extends Details & Bounds & { expected: string }>(details: D) {
  const range = () => z.int().check(z.gte(details.min), z.lte(details.max))
  const schema = (): z.ZodMiniType<number, number | string> =>
    z.pipe(
      z.pipe(
        z.union([range(), z.string().check(z.regex(SIZE))]),
        z.transform((value: number | string) => readSize(value)),
      ),
      range(),
    )
  return { ...details, kind: 'size' as const, schema }
}

/** Several values: an array, or text with commas between them. Each is read by `item`. */
export function list<Input, Output, const D extends Details>(
  item: Item<Input, Output>,
  details: D,
) {
  const schema = (): z.ZodMiniType<unknown, string | readonly Input[]> =>
    z.union([z.string(), z.array(item.schema())]) as never
  return { expected: 'a list', default: [], ...details, kind: 'list' as const, schema, item }
}

/** An array in JSON and in code. */
export function array<const S extends z.ZodMiniType, const D extends Details & { min?: number }>(
  item: () => S,
  details: D,
) {
  const schema = (): z.ZodMiniType<z.output<S>[], readonly z.input<S>[]> =>
    z.array(item()).check(z.minLength(details.min ?? 0)) as never
  return { expected: 'a list', ...details, kind: 'list' as const, schema }
}

/** Names and what each stands for. */
export function pairs<const D extends Details & { default?: object }>(details: D) {
  const name = () => z.string().check(z.minLength(1))
  const schema = (): z.ZodMiniType<Record<string, string>, Readonly<Record<string, string>>> =>
    z.record(name(), name())
  const expected = 'an object of names'
  return { expected, ...details, kind: 'pairs' as const, schema, fromText: readPairs }
}

/** Texts, for a list. */
export const texts = (expected: string): Item<string, string> => ({
  schema: () => z.string(),
  read(item, shownAs) {
    if (typeof item === 'string') return item
    throw unexpected(shownAs, expected, item)
  },
})

/** API keys, for a list in which the place of each counts; an empty one stands for none. */
export const secrets: Item<string, string> = {
  schema: () => z.string().check(z.regex(VISIBLE)),
  keepsEmpty: true,
  read(item, shownAs) {
    if (typeof item === 'string' && VISIBLE.test(item)) return item
    throw notShown(shownAs, 'a key of visible ASCII characters', item)
  },
}
