import { ApiError } from '../../wire/errors/api-error.ts'

/** Some of these may run at once. */
export interface Places {
  /** How many. */
  places: number
  /** Whether several owners share them. */
  isShared: boolean
}

/** How many are free, and how many the one who asks has; undefined where it may take one. */
export type Shortage = { free: number; own: number } | undefined

/**
 * Where several owners share the places, one may take another one while it has fewer than are free. So each
 * finds at least half of what the others have left: one alone takes half of all, a second one a quarter, and
 * a sixth still gets one of 32. A share for each key in the settings would leave most places empty, since
 * few keys use them at once.
 */
export function shortageOf(
  owner: string,
  taken: readonly { owner: string }[],
  { places, isShared }: Places,
): Shortage {
  const free = Math.max(0, places - taken.length)
  const own = taken.filter((each) => each.owner === owner).length
  if (free > 0 && (!isShared || own < free)) return undefined
  return { free, own }
}

/** The error (503) for a response in the background that finds no place. */
export function tooManyInBackground({ free, own }: { free: number; own: number }, places: number) {
  const reason =
    free === 0
      ? `expected at most ${places} responses in the background at once, got one more; retry when one has ended, or raise --max-background`
      : `expected at most as many responses of one key as there are free places (${free} of ${places}), got one more than the ${own} that yours has; retry when one of these has ended, cancel one, or raise --max-background`
  return new ApiError(503, `background: ${reason}.`, {
    code: 'too_many_background',
    headers: { 'retry-after': '10' },
  })
}
