/** The days and months of UTC, in which quotas are counted. */

export interface Period {
  /** `2026-11-26`, or `2026-11`. */
  name: string
  /** Milliseconds since 1970. */
  beginsAt: number
  endsAt: number
}

export interface Periods {
  day: Period
  month: Period
}

const DAY = 86_400_000

/** The day and the month of a time in milliseconds since 1970. */
function periodsAt(now: number): Periods {
  const beginsAt = Math.floor(now / DAY) * DAY
  const name = new Date(beginsAt).toISOString().slice(0, 10)
  const [year = 0, month = 0] = name.split('-').map(Number)
  return {
    day: { name, beginsAt, endsAt: beginsAt + DAY },
    month: {
      name: name.slice(0, 7),
      beginsAt: Date.UTC(year, month - 1),
      endsAt: Date.UTC(year, month),
    },
  }
}

/** `periodsAt` for a clock that seldom comes to another day. */
export function calendar(): (now: number) => Periods {
  let last: Periods | undefined
  return (now) => {
    if (last === undefined || now < last.day.beginsAt || now >= last.day.endsAt) {
      last = periodsAt(now)
    }
    return last
  }
}

/**
 * The period to go on counting in: the current one, unless the clock was set back into the one before it,
 * which would begin a quota anew.
 */
export function laterOf(counted: Period, current: Period): Period {
  return counted.beginsAt === current.endsAt ? counted : current
}
