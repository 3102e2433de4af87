import type { MemberLines, ParsedJson } from './jsonc.ts'

/** The line, from 1, of each value of a JSON text. */
export interface Lines {
  /** By the path of a value: `keys[0].hash`; the root's is ''. Undefined where there is no such value. */
  get(path: string): number | undefined
}

/**
 * Found when they are asked for: only messages need them, and the path of each of ten thousand keys'
 * values would take longer than reading them. `members` has the lines of each object and array.
 */
export function linesOf({ value, line, members }: ParsedJson): Lines {
  return { get: (path) => (path === '' ? line : lineIn(value, path, members)) }
}

/** A name may have dots itself, so that every beginning of the path may be the name of a member. */
function lineIn(
  value: unknown,
  path: string,
  members: WeakMap<object, MemberLines>,
): number | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const lines = members.get(value)
  for (const end of endsOf(path)) {
    const name = nameAt(path.slice(0, end), Array.isArray(value))
    const line = name === undefined ? undefined : lines?.get(name)
    if (name === undefined || line === undefined) continue
    if (end === path.length) return line
    const rest = path.slice(path[end] === '.' ? end + 1 : end)
    const inner = lineIn(Reflect.get(value, name), rest, members)
    if (inner !== undefined) return inner
  }
  return undefined
}

/** Where a name may end: before each dot and bracket, and at the end. */
function* endsOf(path: string): Generator<number> {
  for (let at = 1; at < path.length; at++) if (path[at] === '.' || path[at] === '[') yield at
  yield path.length
}

/** The name of a member, or the index in `[3]`. */
function nameAt(part: string, isArray: boolean): string | number | undefined {
  if (!isArray) return part
  const index = /^\[(\d+)\]$/.exec(part)?.[1]
  return index === undefined ? undefined : Number(index)
}
