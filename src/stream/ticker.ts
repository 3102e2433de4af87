/** Called with `performance.now()`. */
export type Tick = (now: number) => void

export interface Ticker {
  /** Calls `tick` every interval until the returned function is called. */
  add(tick: Tick): () => void
}

/** One timer for all, running only while somebody listens. `interval` is in milliseconds. */
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

/** A timer for each: for a host where one request may not be woken by another's (workerd). */
export function separateTickers(interval: number): Ticker {
  return {
    add(tick) {
      const timer = setInterval(() => tick(performance.now()), interval)
      return () => clearInterval(timer)
    },
  }
}
