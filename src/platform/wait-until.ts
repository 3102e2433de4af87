/** Keeps a runtime from ending what a request began until the promise has settled. */
import { stackText } from '../util/safe/stack.ts'

export type WaitUntil = (promise: Promise<unknown>) => void

/** What a runtime hands over with a request: a Worker's `ctx`, a service worker's event. */
interface Lender {
  waitUntil: WaitUntil
}

/** The `waitUntil` of the first that has one. It never throws, as that would fail the request. */
export function waitUntilOf(lent: readonly unknown[]): WaitUntil | undefined {
  const lender = lent.find(isLender)
  return lender && ((promise) => tell(lender, promise))
}

/** A service worker's event throws once it has ended: then the work goes on as far as it can. */
function tell(lender: Lender, promise: Promise<unknown>): void {
  try {
    lender.waitUntil(promise)
  } catch (error) {
    console.error(
      `sluice: waitUntil failed; work after a response may be cut off: ${stackText(error)}`,
    )
  }
}

function isLender(value: unknown): value is Lender {
  if (typeof value !== 'object' || value === null) return false
  try {
    return typeof (value as Partial<Lender>).waitUntil === 'function'
  } catch {
    // Some contexts have getters that throw where the runtime lends nothing.
    return false
  }
}
