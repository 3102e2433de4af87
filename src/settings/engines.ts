import * as z from 'zod/mini'
import type { Item } from './declaration.ts'
import { SettingsError } from './error.ts'

/** An engine that a server makes of a file: a recording that it replays. */
export interface EngineSetting {
  kind: 'replay'
  file: string
  /** How it is replayed: `speed`, `split`, `jitter`, `seed`. */
  options: Record<string, string>
}

const OPTIONS = ['speed', 'split', 'jitter', 'seed']

export const engineItem: Item<string | EngineSetting, EngineSetting> = {
  schema: () =>
    z.union([
      z.string(),
      z.strictObject({
        kind: z.literal('replay'),
        file: z.string(),
        options: z.record(z.string(), z.string()),
      }),
    ]),
  read: readEngine,
}

/** Reads `replay:FILE`, or `replay:FILE?speed=2&split=1`. Throws a `SettingsError`. */
function readEngine(item: unknown, shownAs: string): EngineSetting {
  if (isEngine(item)) return item
  const [, kind, file, query = ''] =
    (typeof item === 'string' && /^(\w+):([^?]+)(?:\?(.*))?$/.exec(item)) || []
  if (kind !== 'replay' || file === undefined) {
    throw new SettingsError(
      `${shownAs}: expected replay:FILE, got ${JSON.stringify(item)}; "sluice record" makes such a file.`,
    )
  }
  const options = Object.fromEntries(new URLSearchParams(query))
  const unknown = Object.keys(options).find((name) => !OPTIONS.includes(name))
  if (unknown === undefined) return { kind, file, options }
  throw new SettingsError(
    `${shownAs}: expected the options ${OPTIONS.join(', ')}, got ${JSON.stringify(unknown)}.`,
  )
}

function isEngine(item: unknown): item is EngineSetting {
  return typeof item === 'object' && item !== null && 'kind' in item && item.kind === 'replay'
}
