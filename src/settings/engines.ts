import { SettingsError } from './error.ts'

/** An engine that a host makes of files: recorded streams. */
export interface EngineSetting {
  kind: 'replay'
  file: string
  /** How it is played: `speed`, `split`, `jitter`, `seed`. */
  options: Record<string, string>
}

const OPTIONS = ['speed', 'split', 'jitter', 'seed']

/** Reads `replay:FILE`, or `replay:FILE?speed=2&split=1`. Throws a `SettingsError`. */
export function readEngine(item: unknown, shownAs: string): EngineSetting {
  if (isEngine(item)) return item
  const [, kind, file, query = ''] =
    (typeof item === 'string' && /^(\w+):([^?]+)(?:\?(.*))?$/.exec(item)) || []
  if (kind !== 'replay' || file === undefined) {
    throw new SettingsError(`${shownAs}: expected replay:FILE, got ${JSON.stringify(item)}.`)
  }
  const options = Object.fromEntries(new URLSearchParams(query))
  const unknown = Object.keys(options).find((name) => !OPTIONS.includes(name))
  if (unknown === undefined) return { kind, file, options }
  throw new SettingsError(
    `${shownAs}: a recording has no option ${JSON.stringify(unknown)}; there are ${OPTIONS.join(', ')}.`,
  )
}

function isEngine(item: unknown): item is EngineSetting {
  return typeof item === 'object' && item !== null && 'kind' in item && item.kind === 'replay'
}
