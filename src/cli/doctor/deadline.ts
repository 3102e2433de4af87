/** Milliseconds of grace, and in how many pieces they are waited for. */
const GRACE = 200
const PIECES = 4

/**
 * A signal that aborts after so many milliseconds, and not before what has arrived meanwhile was read: a
 * program that loads its modules on a busy machine runs nothing for a second, and a timer alone would then come
 * before the answer that has long been there. `and`: another signal that aborts it.
 */
export function deadlineSignal(ms: number, and?: AbortSignal): AbortSignal {
  const control = new AbortController()
  const late = new DOMException(`It took longer than ${ms} ms.`, 'TimeoutError')
  let pieces = PIECES
  const wait = (): void => {
    if (pieces-- === 0) control.abort(late)
    else setTimeout(wait, GRACE / PIECES).unref?.()
  }
  setTimeout(wait, ms).unref?.()
  return and === undefined ? control.signal : AbortSignal.any([and, control.signal])
}
