import { EVERY_PATH, passThroughPaths } from '../wire/pass-through/paths.ts'
import { unexpected } from './error.ts'

/** Each path must be one that is forwarded. Throws a `SettingsError`. */
export function readPassThrough(
  targets: Readonly<Record<string, string>>,
  shownAs: string,
): Readonly<Record<string, string>> {
  const paths: readonly string[] = [...passThroughPaths, EVERY_PATH]
  for (const path of Object.keys(targets)) {
    if (paths.includes(path)) continue
    const advice = 'docs/pass-through.md lists the paths that are forwarded'
    throw unexpected(shownAs, `one of ${paths.join(', ')} before =`, path, advice)
  }
  return targets
}
