/** How one side of a port learns that the other is no more, however it ended. */

/** The part of the Web Locks API that is used; Deno has none. */
interface Locks {
  request(name: string, act: () => Promise<void>): Promise<unknown>
  request(name: string, options: { signal: AbortSignal }, act: () => void): Promise<unknown>
}

const locks = (globalThis.navigator as { locks?: Locks } | undefined)?.locks

let life: Promise<string | undefined> | undefined

/** A lock that this worker holds for as long as it lives; resolves with its name once it does. */
export function ownLife(): Promise<string | undefined> {
  if (locks === undefined) return Promise.resolve(undefined)
  life ??= new Promise((resolve) => {
    const name = `sluice-${crypto.randomUUID()}`
    void locks.request(name, () => {
      resolve(name)
      return new Promise(() => {})
    })
  })
  return life
}

/** Calls `act` when the holder of the lock has ended, unless the signal aborts before. */
export function whenEnded(name: string, signal: AbortSignal, act: () => void): void {
  locks?.request(name, { signal }, act).catch(() => {})
}
