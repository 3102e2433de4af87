/** Keeps the screen of a phone on: a phone that locks itself stops its pages. */

interface Lock {
  release(): Promise<void>
}

let lock: Promise<Lock | undefined> | undefined
let isWanted = false

document.addEventListener('visibilitychange', () => {
  // The browser has released it when the page was hidden.
  if (document.hidden) lock = undefined
  else update()
})

/** Holds the lock from now on, or no longer. */
export function keepAwake(isSharing: boolean): void {
  isWanted = isSharing && isPhone()
  update()
}

/** Whether the device is one that locks itself: its main pointer is a finger. */
export function isPhone(): boolean {
  return matchMedia('(pointer: coarse)').matches
}

function update(): void {
  const { wakeLock } = navigator as { wakeLock?: { request(type: 'screen'): Promise<Lock> } }
  if (isWanted && !document.hidden) {
    lock ??= wakeLock?.request('screen').catch(() => undefined)
  } else {
    void lock?.then((held) => held?.release()).catch(() => {})
    lock = undefined
  }
}
