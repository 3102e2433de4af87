/**
 * A clock that a case can advance: real time, and what was added to it. Timers go by it too, since
 * otherwise a timer of a minute would seem never to fire.
 */

const realNow = performance.now.bind(performance)
const { setTimeout: startTimer, clearTimeout: stopTimer } = globalThis
let added = 0

performance.now = () => realNow() + added

/** Pending timers: when each is due, and what it does. */
const pending = new Map<NodeJS.Timeout, { at: number; act: () => void }>()

globalThis.setTimeout = ((act: (...args: unknown[]) => void, ms = 0, ...args: unknown[]) => {
  const fire = () => {
    pending.delete(timer)
    act(...args)
  }
  const timer = startTimer(fire, ms)
  pending.set(timer, { at: performance.now() + ms, act: fire })
  return timer
}) as typeof setTimeout

globalThis.clearTimeout = (timer) => {
  pending.delete(timer as NodeJS.Timeout)
  stopTimer(timer)
}

/** Lets milliseconds pass for everything that reads `performance.now()` or has set a timer. */
export function advance(ms: number): void {
  added += ms
  const due = [...pending].filter(([, { at }]) => at <= performance.now())
  for (const [timer, { act }] of due.sort(([, one], [, other]) => one.at - other.at)) {
    if (!pending.has(timer)) continue
    stopTimer(timer)
    act()
  }
}

/** Lets everything that is ready to run do so; timers of some milliseconds too, if `ms` says so. */
export async function settle(ms = 0): Promise<void> {
  if (ms > 0) await new Promise((resolve) => startTimer(resolve, ms))
  for (let turn = 0; turn < 8; turn++) await new Promise((resolve) => setImmediate(resolve))
}
