/**
 * Called with `performance.now()`. Returns in how many milliseconds something will be due, where it
 * knows; may be called sooner, and later.
 */
export type Tick = (now: number) => number | undefined

export interface Ticker {
  /** Calls `tick` every interval, or as it asks, until the returned function is called. */
  add(tick: Tick): () => void
}

/**
 * One timer for all, running only while somebody listens. `interval` is in milliseconds: what is due
 * is noticed so much later at most. To be punctual for each, it would have to look at all far oftener.
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
        // Not as soon as the last one has left: another often comes at once.
        if (ticks.size > 0) return
        clearInterval(timer)
        timer = undefined
      }, interval)
      return () => void ticks.delete(tick)
    },
  }
}

/**
 * A timer for each: for a host where one request may not be woken by another's (workerd). It comes
 * when something is due, and every `interval` milliseconds at least.
 */
export function separateTickers(interval: number): Ticker {
  return {
    add(tick) {
      let isOver = false
      let timer = setTimeout(look, interval)
      return () => {
        isOver = true
        clearTimeout(timer)
      }

      function look(): void {
        const due = tick(performance.now()) ?? interval
        // Rounded up: a host may wake us early by what it cuts off.
        if (!isOver) timer = setTimeout(look, Math.ceil(Math.min(interval, due)))
      }
    },
  }
}
