import { logThrown } from './log-thrown.ts'
import type { Timeline } from './timeline.ts'

/**
 * How an engine tells that it has stopped its work after the signal aborted. Who waits for that and who
 * knows it have only the signal in common.
 */
const waiting = new WeakMap<AbortSignal, () => void>()

/**
 * Tells the observers of an exchange how long after this moment, at which its client has left, its engine
 * has stopped.
 */
export function watchStop(signal: AbortSignal, { observers, engine }: Timeline): void {
  if (observers.length === 0 || engine === undefined) return
  const leftAt = performance.now()
  waiting.set(signal, () => {
    const afterMs = performance.now() - leftAt
    for (const each of observers) logThrown(() => each.onEngineStopped?.(afterMs))
  })
}

/** Whoever waits for the end of the first signal's work waits for that of the other's. */
export function stopsWith(signal: AbortSignal, other: AbortSignal): void {
  waiting.set(other, () => engineStopped(signal))
}

/** The work that the signal stops has stopped: its connection is closed, its code has returned. */
export function engineStopped(signal: AbortSignal | undefined): void {
  const act = signal?.aborted ? waiting.get(signal) : undefined
  if (signal === undefined || act === undefined) return
  waiting.delete(signal)
  act()
}
