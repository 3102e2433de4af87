import type * as z from 'zod/mini'
import { type ApiError, badRequest } from '../errors/api-error.ts'
import { exactDigits } from '../json/exact-integers.ts'

type Issue = z.core.$ZodIssue

/** What is wrong, where: the innermost fault an issue speaks of. */
interface Fault {
  path: PropertyKey[]
  /** What would have been right, in words; any one of them. */
  expected: string[]
}

/** What zod says of an issue that its schema has no words for. */
const UNWORDED = 'Invalid input'

/**
 * How a body is checked for `invalid`. Stopping at the first fault keeps a body of a million faults
 * from costing a million issues. zod's configuration is one for the whole program: without `error`,
 * a program that imports `zod` itself would put its locale's words in the place of ours.
 */
export const checking: z.core.ParseContextInternal<Issue> = {
  abortEarly: true,
  error: () => UNWORDED,
}

const KINDS: Record<string, string> = {
  string: 'a string',
  number: 'a number',
  int: 'an integer',
  boolean: 'true or false',
  array: 'an array',
  object: 'an object',
  record: 'an object',
}

/** Words of an expectation that say the kind of a value was right. */
const KIND_WORDS: Record<string, RegExp> = {
  string: /^"|string/,
  number: /number|integer/,
  boolean: /true|false/,
}

/**
 * The 400 that tells of zod's issues: which field, what was expected, what came; `param` is the
 * field's path. `input` is the value that was checked. A schema's own message is read as its
 * expectation ("a number from 0 to 2"); the rest is worded here, as a locale of zod's weighs as much
 * as zod/mini does.
 */
export function invalid(issues: readonly Issue[], input: unknown): ApiError {
  const [first] = issues
  if (!first)
    return badRequest(
      'body: expected what docs/apis.md describes, got something else; compare the two.',
    )
  const { path, expected } = faultOf(first)
  const where = pathText(path)
  const more = issues.length > 1 ? `; and ${issues.length - 1} more` : ''
  const came = valueText(valueAt(input, path), expected)
  return badRequest(
    `${where || 'body'}: expected ${choiceText(expected)}, got ${came}${more}.`,
    where || null,
  )
}

/** The fault of an issue; of a union's branches, that of the one the client most likely meant. */
function faultOf(issue: Issue): Fault {
  if (issue.code !== 'invalid_union') return { path: issue.path, expected: expectationsOf(issue) }
  // No branch had the value's tag.
  if ('options' in issue && issue.options) {
    return { path: issue.path, expected: issue.options.map(quoted) }
  }
  const faults = issue.errors.map((branch) => {
    const found = branch.map(faultOf)
    return found.find(isAtTag) ?? found[0] ?? { path: [], expected: [] }
  })
  const nearest = Math.max(...faults.map(nearness))
  const meant = faults.filter((fault) => nearness(fault) === nearest)
  const path = meant[0]?.path ?? []
  const same = meant.filter((fault) => pathText(fault.path) === pathText(path))
  return { path: [...issue.path, ...path], expected: same.flatMap((fault) => fault.expected) }
}

/**
 * How far a branch got: not past its root, not past its own tag, or into what it describes; of two
 * that are as deep in a list, the later fault.
 */
function nearness(fault: Fault): number {
  const [first] = fault.path
  if (first === undefined) return 0
  const passed = typeof first === 'number' ? 1 - 1 / (first + 1) : 0
  return isAtTag(fault) ? 1 : 1 + fault.path.length + passed
}

function isAtTag({ path }: Fault): boolean {
  return path.length === 1 && (path[0] === 'type' || path[0] === 'role')
}

function expectationsOf(issue: Issue): string[] {
  if (issue.message !== UNWORDED) return [issue.message]
  if (issue.code === 'invalid_value') return issue.values.map(quoted)
  if (issue.code === 'invalid_type') return [KINDS[issue.expected] ?? issue.expected]
  if (issue.code === 'too_small') return [`at least ${issue.minimum}`]
  if (issue.code === 'too_big') return [`at most ${issue.maximum}`]
  return ['another value']
}

/** `"a"`; `one of "a", "b"`; `"a", "b" or an object`. */
function choiceText(expected: string[]): string {
  const all = [...new Set(expected)]
  const choices = all.includes('a string') ? all.filter((choice) => !choice.startsWith('"')) : all
  const last = choices.at(-1) ?? ''
  if (choices.length < 2) return last
  if (choices.every((choice) => choice.startsWith('"'))) return `one of ${choices.join(', ')}`
  return `${choices.slice(0, -1).join(', ')} or ${last}`
}

/** A value in few words, its kind named where that is what is wrong; never a whole text or image. */
function valueText(value: unknown, expected: string[]): string {
  if (value === undefined) return 'undefined (missing)'
  if (value === null) return 'null'
  const digits = exactDigits(value)
  if (digits !== undefined) return digits
  if (Array.isArray(value)) return value.length > 0 ? 'an array' : 'an empty array'
  if (typeof value === 'object') return 'an object'
  if (typeof value === 'function') return 'a function'
  const shown = typeof value === 'string' ? quoted(value) : String(value)
  const rightKind = KIND_WORDS[typeof value]
  const isRightKind = rightKind && expected.some((choice) => rightKind.test(choice))
  return isRightKind ? shown : `${shown} (${typeof value})`
}

/** `messages[0].content`; a key that is no plain word is quoted: `metadata["a b"]`. */
function pathText(path: readonly PropertyKey[]): string {
  const text = path.map((key) => {
    if (typeof key === 'number') return `[${key}]`
    const name = String(key)
    return /^[A-Za-z_]\w{0,39}$/.test(name) ? `.${name}` : `[${quoted(name)}]`
  })
  return text.join('').replace(/^\./, '')
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce((value, key) => (value as Record<PropertyKey, unknown>)?.[key], input)
}

/** As JSON, at most some forty characters of it. */
function quoted(value: unknown): string {
  if (typeof value !== 'string') return String(value)
  const inner = JSON.stringify(value.slice(0, 41)).slice(1, -1)
  return inner.length > 40 ? `"${inner.slice(0, 40)}…"` : `"${inner}"`
}
