/** Settings that have a new name, and still work for one release. */
import type { Settings } from './settings.ts'

/** What to write instead of each old setting that is in use, a sentence each. */
export function deprecations({ lenient, upstream }: Pick<Settings, 'lenient' | 'upstream'>) {
  const told: string[] = []
  if (lenient.length > 0) {
    told.push(
      `lenient is deprecated: in the settings file, set "finishReason": "optional" for ${lenient.join(', ')}; or set it for all upstreams with --finish-reason optional.`,
    )
  }
  for (const { label, lenient: isLenient } of upstream) {
    if (isLenient === undefined) continue
    told.push(
      `upstream ${label}: lenient is deprecated: ${isLenient ? 'write "finishReason": "optional" instead' : 'leave it out'}.`,
    )
  }
  return told
}
