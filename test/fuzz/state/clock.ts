/** A clock that a case can advance: real time, and what was added to it. */

const realNow = performance.now.bind(performance)
let added = 0

/** Lets milliseconds pass for everything that reads `performance.now()`. */
export function advance(ms: number): void {
  performance.now = () => realNow() + added
  added += ms
}

/** Lets everything that is ready to run do so; timers of some milliseconds too, if `ms` says so. */
export async function settle(ms = 0): Promise<void> {
  if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms))
  for (let turn = 0; turn < 8; turn++) await new Promise((resolve) => setImmediate(resolve))
}
