/**
 * How an engine tells that it has stopped its work after the signal aborted. Who waits for that and who
 * knows it have only the signal in common.
 */
const waiting = new WeakMap<AbortSignal, () => void>()

/** Calls `act` once, when the work that the signal stops is known to have stopped. */
export function onEngineStop(signal: AbortSignal, act: () => void): void {
  waiting.set(signal, act)
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
