/** Rules for types of tools, items and blocks where the engine is asked in chat. */

/**
 * `passed`: a chat request has the same. `translated`: it becomes something else in the chat request,
 * and calls become the client's type again. `left out`: the engine does not get it; the log line and a
 * response header name it. `refused`: the request is refused with 400 that names the field.
 */
export type Fate = 'passed' | 'translated' | 'left out' | 'refused'

export interface ToolRule<Translation = never> {
  /** The type; `*` in it stands for any characters. */
  type: string
  /** A further condition, in words and as a test. */
  only?: { words: string; holds: (value: Typed) => boolean }
  fate: Fate
  /** What happens exactly, for the documentation. */
  how: string
  /** The translation, where there is one of its own. */
  as?: Translation
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
  const found = rules.find(({ type, only }) => {
    return isOfType(value.type, type) && (only?.holds(value as Typed) ?? true)
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
