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

/**
 * One timer for all streams, running only while there are any. Something that is due is noticed up
 * to `interval` milliseconds late: calling each stream on time would cost a timer per stream.
 */
export function sharedTicker(interval: number): Ticker {
  const ticks = new Set<Tick>()
  let timer: ReturnType<typeof setInterval> | undefined
  return {
    add(tick) {
      ticks.add(tick)
      timer ??= setInterval(() => {
        const now = performance.now()
        for (const each of ticks) each(now)
        // Stopped here and not when the last tick is removed: the next request often follows at
        // once.
        if (ticks.size > 0) return
        clearInterval(timer)
        timer = undefined
      }, interval)
      return () => void ticks.delete(tick)
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
