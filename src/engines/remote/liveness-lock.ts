/**
 * Detects the end of a worker by a Web Lock that it holds while it lives. The browser releases the
 * lock however the worker ends; message ports report nothing.
 */

/** The part of the Web Locks API used here. Deno does not have it. */
interface Locks {
  request(name: string, act: () => Promise<void>): Promise<unknown>
  request(name: string, options: { signal: AbortSignal }, act: () => void): Promise<unknown>
}

const locks = (globalThis.navigator as { locks?: Locks } | undefined)?.locks

let heldLock: Promise<string | undefined> | undefined

/**
 * Acquires this worker's lock. Resolves with its name; with undefined where there are no Web Locks.
 */
export function holdLivenessLock(): Promise<string | undefined> {
  if (locks === undefined) return Promise.resolve(undefined)
  heldLock ??= new Promise((resolve) => {
    const name = `sluice-${crypto.randomUUID()}`
    void locks.request(name, () => {
      resolve(name)
      return new Promise(() => {})
    })
  })
  return heldLock
}

/** Calls `act` when the holder of a lock has ended, unless the signal aborts before. */
export function onLockReleased(name: string, signal: AbortSignal, act: () => void): void {
  locks?.request(name, { signal }, act).catch(() => {})
}
