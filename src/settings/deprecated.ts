/** Names and settings that still work for one release. */
import { SettingsError } from './error.ts'

/** The former names of settings and of the options of an entry, each with its new name. */
const formerNames = {
  settings: { streams: 'maxConcurrency', larger: 'contextFallback' },
  upstream: { streams: 'maxConcurrency', speaks: 'nativeApis' },
  keys: { streams: 'maxConcurrency' },
} as const satisfies Record<string, Record<string, string>>

type Place = keyof typeof formerNames

/** Is told of each deprecated name that is in use, in a sentence. */
export type Warn = (warning: string) => void

const told = new Set<string>()

/** For settings that come from code: each sentence once in a process. */
export function warnOnce(warning: string): void {
  if (told.has(warning)) return
  told.add(warning)
  console.warn(`sluice: ${warning}`)
}

/** Former names in one place, and the new name of each. */
export function formerNamesIn(place: Place): Readonly<Record<string, string>> {
  return formerNames[place]
}

/** The name that is used now. */
export function newNameOf(place: Place, name: string): string {
  const names = formerNamesIn(place)
  return (Object.hasOwn(names, name) && names[name]) || name
}

/**
 * The same values, each under its new name. `show` is how the person who gave them calls a name.
 * Throws a `SettingsError` where a value was given under both names.
 */
export function withNewNames(
  place: Place,
  given: object,
  warn: Warn,
  show: (name: string) => string = (name) => name,
): Record<string, unknown> {
  const values: Record<string, unknown> = { ...given }
  for (const [former, name] of Object.entries(formerNamesIn(place))) {
    const value = values[former]
    delete values[former]
    if (value === undefined) continue
    if (values[name] !== undefined) {
      throw new SettingsError(
        `${show(former)}: given as ${show(name)} too, which is its new name; keep ${show(name)} and remove ${show(former)}.`,
      )
    }
    warn(`${show(former)} is deprecated: use ${show(name)} instead.`)
    values[name] = value
  }
  return values
}

/** How an option of an entry is called: `upstream[0].maxConcurrency`. */
export function inEntry(shownAs: string): (name: string) => string {
  return (name) => `${shownAs}.${name}`
}

interface WithLenient {
  lenient: readonly string[]
  upstream: readonly { label: string; lenient?: boolean }[]
}

/**
 * What to write instead of `lenient`, where it is in use. It is no former name: its value means
 * something else than that of `finishReason`, which replaces it.
 */
export function deprecations({ lenient, upstream }: WithLenient): string[] {
  const found: string[] = []
  if (lenient.length > 0) {
    found.push(
      `lenient is deprecated: in the settings file, set "finishReason": "optional" for ${lenient.join(', ')}; or set it for all upstreams with --finish-reason optional.`,
    )
  }
  for (const { label, lenient: isLenient } of upstream) {
    if (isLenient === undefined) continue
    found.push(
      `upstream ${label}: lenient is deprecated: ${isLenient ? 'write "finishReason": "optional" instead' : 'leave it out'}.`,
    )
  }
  return found
}
