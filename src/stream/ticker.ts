/**
 * Called with `performance.now()`. Returns the milliseconds until it wants to be called again, if
 * it knows; the call may come sooner or later than that.
 */
export type Tick = (now: number) => number | undefined

export interface Ticker {
  /**
   * Calls `tick` every interval, or when it asks to be, until the returned function is called; the first
   * time after `first` milliseconds, where that is sooner.
   */
  add(tick: Tick, first?: number): () => void
}

/** Into how many parts of an interval the streams are spread, how long a part is at least, and how many it has first. */
const PARTS = { most: 32, leastMs: 25, streams: 64 }

/**
 * One timer for all streams, running only while there are any. Something that is due is noticed up
 * to `interval` milliseconds late: calling each stream on time would cost a timer per stream.
 *
 * Beyond some dozens of streams they are called in several parts of the interval: the heartbeats of ten thousand
 * silent streams take 100 ms, for which all others would wait.
 */
export function sharedTicker(interval: number): Ticker {
  const count = Math.max(1, Math.min(PARTS.most, Math.floor(interval / PARTS.leastMs)))
  const parts = Array.from({ length: count }, () => new Set<Tick>())
  const partMs = interval / count
  let timer: ReturnType<typeof setTimeout> | undefined
  /** The part that is called next, and when that is. */
  let next = 0
  let dueAt = 0

  function call(): void {
    const now = performance.now()
    try {
      for (const each of parts[next] as Set<Tick>) each(now)
    } finally {
      // Stopped here and not when the last tick is removed: the next request often follows at once.
      timer = undefined
      plan(now, next + 1, Math.max(now, dueAt + partMs))
    }
  }

  /** Sleeps until the first part that has streams, of those from `part` on, whose turn comes at `at`. */
  function plan(now: number, part: number, at: number): void {
    const skipped = parts.findIndex((_, ahead) => (parts[(part + ahead) % count]?.size ?? 0) > 0)
    if (skipped === -1) return
    next = (part + skipped) % count
    dueAt = at + skipped * partMs
    timer = setTimeout(call, dueAt - now)
  }

  /** Sets the timer for a part that has its first stream, where it sleeps for longer. */
  function wakeFor(part: number): void {
    const now = performance.now()
    if (timer === undefined) {
      plan(now, part, now + interval)
      return
    }
    const at = dueAt - ((next - part + count) % count) * partMs
    if (at <= now || at >= dueAt) return
    clearTimeout(timer)
    plan(now, part, at)
  }

  /** The first one with room; once none has any, the one with the fewest. */
  function partWithRoom(): number {
    const sizes = parts.map(({ size }) => size)
    const at = sizes.findIndex((size) => size < PARTS.streams)
    return at === -1 ? sizes.indexOf(Math.min(...sizes)) : at
  }

  return {
    add(tick) {
      const at = (parts[0]?.size ?? 0) < PARTS.streams ? 0 : partWithRoom()
      const part = parts[at] as Set<Tick>
      part.add(tick)
      if (part.size === 1) wakeFor(at)
      return () => void part.delete(tick)
    },
  }
}

/**
 * One timer per tick, for workerd, where a timer of one request must not run code of another. It
 * fires when something is due, and at least every `interval` milliseconds.
 */
export function separateTickers(interval: number): Ticker {
  return {
    add(tick, first = interval) {
      let isOver = false
      let timer = setTimeout(fire, Math.min(first, interval))
      return () => {
        isOver = true
        clearTimeout(timer)
      }

      function fire(): void {
        const due = tick(performance.now()) ?? interval
        // Rounded up: hosts truncate the delay to whole milliseconds, which would fire too early.
        if (!isOver) timer = setTimeout(fire, Math.ceil(Math.min(interval, due)))
      }
    },
  }
}
