import { StateAwayError } from './port.ts'

/** Milliseconds by which a timer may be late before that counts as this process's own delay. */
const LATE = 20

/**
 * Settles as the promise does, or rejects with a `StateAwayError` after `ms` milliseconds. Where this process
 * itself was busy for so long that the timer ran late, a reply may have arrived that nobody could read yet, so
 * it waits once more.
 */
export function withDeadline<T>(ms: number, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    let timer = setTimeout(onTimer, ms)
    let due = performance.now() + ms
    let isLast = false
    function onTimer() {
      if (!isLast && performance.now() - due > LATE) {
        isLast = true
        due = performance.now() + LATE
        timer = setTimeout(onTimer, LATE)
        return
      }
      reject(new StateAwayError(`state: expected an answer within ${ms} ms, got none.`))
    }
    promise.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}
