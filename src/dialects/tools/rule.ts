/** What becomes of one type of tool, item or block where an engine is asked in chat. */

/**
 * `passed`: a chat has the same. `translated`: a chat says it in other words, and calls are turned
 * back. `left out`: the engine is not told, and the log line and a header of the answer name it.
 * `refused`: the request is, with 400 and the name of the field.
 */
export type Fate = 'passed' | 'translated' | 'left out' | 'refused'

export interface Rule<Translation = never> {
  /** The type; `*` in it stands for any characters. */
  type: string
  /** Which of the type the rule is for: in words, and as a test. All of them by default. */
  only?: { words: string; holds: (value: Typed) => boolean }
  fate: Fate
  /** What exactly becomes of it, for the documentation. */
  how: string
  /** How it is translated, where it is in a way of its own. */
  as?: Translation
}

export interface Typed {
  type: string
  [field: string]: unknown
}

/** The first rule that is for the value. The last rule of a table is for any. */
export function ruleFor<R extends Rule<unknown>>(rules: readonly R[], value: { type: string }): R {
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
