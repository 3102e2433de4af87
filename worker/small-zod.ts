/**
 * What a small worker uses of `zod/mini`, in 2 kB instead of 29: the bundle of edge-chat has this module in its
 * place. It takes and refuses the same values, and finds the same first fault. A schema that needs more of zod
 * fails the build.
 */

interface Issue {
  code: string
  path: PropertyKey[]
  message: string
  [field: string]: unknown
}

interface Context {
  error?: () => string
}

/** Pushes what is wrong into `issues`, and returns the value. */
type Run = (value: unknown, issues: Issue[], words: Words) => unknown

/** The message of an issue: the schema's own, or the caller's. */
type Words = (own: string | undefined) => string

/** What one rule of a schema requires beside the type. */
interface Rule {
  code: string
  details: object
  error: string | undefined
  holds(value: never): boolean
}

const issue = (code: string, message: string, details?: object): Issue => {
  return { code, path: [], message, ...details }
}

type Params = string | { error?: string } | undefined

const textOf = (params: Params) => (typeof params === 'string' ? params : params?.error)

class Schema {
  readonly run: Run

  constructor(run: Run) {
    this.run = run
  }

  check(...rules: Rule[]): Schema {
    return new Schema((value, issues, words) => {
      const before = issues.length
      const result = this.run(value, issues, words)
      for (const { code, details, error, holds } of issues.length > before ? [] : rules) {
        if (!holds(result as never)) {
          issues.push(issue(code, words(error), details))
          break
        }
      }
      return result
    })
  }

  safeParse(value: unknown, context?: Context) {
    return safeParse(this, value, context)
  }
}

export function safeParse({ run }: Schema, value: unknown, { error }: Context = {}) {
  const issues: Issue[] = []
  const data = run(value, issues, (own) => own ?? error?.() ?? 'Invalid input')
  return issues.length === 0 ? { success: true, data } : { success: false, error: { issues } }
}

/** A schema of one type. */
function type(expected: string, is: (value: unknown) => boolean, params?: Params): Schema {
  const error = textOf(params)
  return new Schema((value, issues, words) => {
    if (!is(value)) issues.push(issue('invalid_type', words(error), { expected }))
    return value
  })
}

/** The value of a field or an item, with its place in what is wrong of it. */
function within(key: PropertyKey, { run }: Schema, value: unknown, issues: Issue[], words: Words) {
  const before = issues.length
  const result = run(value, issues, words)
  for (const { path } of issues.slice(before)) path.unshift(key)
  return result
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function isPlain(value: unknown): value is Record<string, unknown> {
  if (!isObject(value)) return false
  const prototype = Object.getPrototypeOf(value) as object | null
  return prototype === null || Object.hasOwn(prototype, 'isPrototypeOf')
}

export const string = (params?: Params) => type('string', (it) => typeof it === 'string', params)

export const boolean = (params?: Params) => type('boolean', (it) => typeof it === 'boolean', params)

export const number = (params?: Params) => type('number', Number.isFinite, params)

export const int = (params?: Params) => type('int', Number.isSafeInteger, params)

const words = (values: readonly string[]) =>
  new Schema((value, issues, say) => {
    if (!values.includes(value as string))
      issues.push(issue('invalid_value', say(undefined), { values }))
    return value
  })

export { words as enum }

export function array(item: Schema, params?: Params): Schema {
  const list = type('array', Array.isArray, params)
  return new Schema((value, issues, words) => {
    list.run(value, issues, words)
    if (issues.length > 0) return value
    const result: unknown[] = []
    for (const [index, each] of (value as unknown[]).entries()) {
      result.push(within(index, item, each, issues, words))
      if (issues.length > 0) break
    }
    return result
  })
}

export function looseObject(shape: Record<string, Schema>): Schema {
  const object = type('object', isObject)
  return new Schema((value, issues, words) => {
    object.run(value, issues, words)
    if (issues.length > 0) return value
    const result = { ...(value as object) } as Record<string, unknown>
    for (const [name, schema] of Object.entries(shape)) {
      const read = within(name, schema, result[name], issues, words)
      if (name in result) result[name] = read
      if (issues.length > 0) break
    }
    return result
  })
}

export function record(key: Schema, item: Schema): Schema {
  const object = type('record', isPlain)
  return new Schema((value, issues, words) => {
    object.run(value, issues, words)
    if (issues.length > 0) return value
    const result: Record<string, unknown> = {}
    for (const [name, each] of Object.entries(value as object)) {
      if (name === '__proto__') continue
      key.run(name, issues, words)
      result[name] = within(name, item, each, issues, words)
      if (issues.length > 0) break
    }
    return result
  })
}

/** The first of these that takes the value. */
export const union = (options: readonly Schema[]) =>
  new Schema((value, issues, words) => {
    const errors: Issue[][] = []
    for (const { run } of options) {
      const own: Issue[] = []
      const result = run(value, own, words)
      if (own.length === 0) return result
      errors.push(own)
    }
    issues.push(issue('invalid_union', words(undefined), { errors }))
    return value
  })

export const nullish = ({ run }: Schema) =>
  new Schema((value, issues, words) => (value == null ? value : run(value, issues, words)))

export const pipe = (from: Schema, to: Schema) =>
  new Schema((value, issues, words) => {
    const before = issues.length
    const result = from.run(value, issues, words)
    return issues.length > before ? result : to.run(result, issues, words)
  })

export const transform = (change: (value: never) => unknown) =>
  new Schema((value) => change(value as never))

const rule = (
  code: string,
  params: Params,
  details: object,
  holds: (value: never) => boolean,
): Rule => ({ code, details, error: textOf(params), holds })

export const regex = (pattern: RegExp, params?: Params) =>
  rule('invalid_format', params, {}, (value: string) => value.search(pattern) !== -1)

export const minLength = (minimum: number, params?: Params) =>
  rule('too_small', params, { minimum }, ({ length }: { length: number }) => length >= minimum)

export const gte = (minimum: number, params?: Params) =>
  rule('too_small', params, { minimum }, (value: number) => value >= minimum)

export const lte = (maximum: number, params?: Params) =>
  rule('too_big', params, { maximum }, (value: number) => value <= maximum)

/** What only the JSON Schema of the settings is made with, which no worker makes. */
const unused = (): never => {
  throw new TypeError('no worker makes a JSON Schema')
}

export { unused as meta, unused as optional, unused as strictObject }
