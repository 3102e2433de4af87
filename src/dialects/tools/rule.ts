/** Rules that say how tools, items and blocks are translated to a chat request, by their type. */

/**
 * `passed`: a chat request has the same. `translated`: it is replaced in the chat request, and calls are
 * translated back to the client's type. `left out`: the engine does not get it; the log line and a
 * response header name its type. `refused`: the request is refused with a 400 that names the field.
 */
export type Handling = 'passed' | 'translated' | 'left out' | 'refused'

export interface ToolRule<Translation = never> {
  /** The type; `*` matches any characters. */
  type: string
  /** A further condition, in words and as a function. */
  condition?: { words: string; holds: (value: Typed) => boolean }
  handling: Handling
  /** What happens exactly, for docs/tools.md. */
  description: string
  /** How it is translated, if that needs a description of its own. */
  translation?: Translation
}

export interface Typed {
  type: string
  [field: string]: unknown
}

/** The first rule that matches the value. The last rule of a table matches everything. */
export function ruleFor<R extends ToolRule<unknown>>(
  rules: readonly R[],
  value: { type: string },
): R {
  const found = rules.find(({ type, condition }) => {
    return isOfType(value.type, type) && (condition?.holds(value as Typed) ?? true)
  })
  if (found === undefined) throw new TypeError(`no rule for ${value.type}`)
  return found
}

function isOfType(type: string, pattern: string): boolean {
  const star = pattern.indexOf('*')
  if (star === -1) return type === pattern
  const isLongEnough = type.length >= pattern.length - 1
  return (
    isLongEnough &&
    type.startsWith(pattern.slice(0, star)) &&
    type.endsWith(pattern.slice(star + 1))
  )
}
