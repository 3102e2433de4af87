/** Keeps a runtime from ending what a request began until the promise has settled. */
export type WaitUntil = (promise: Promise<unknown>) => void

/** What a runtime hands over with a request: a Worker's `ctx`, a service worker's event. */
interface Lender {
  waitUntil: WaitUntil
}

/** The `waitUntil` of the first that has one. */
export function waitUntilOf(lent: readonly unknown[]): WaitUntil | undefined {
  const lender = lent.find(isLender)
  return lender && ((promise) => lender.waitUntil(promise))
}

function isLender(value: unknown): value is Lender {
  if (typeof value !== 'object' || value === null) return false
  return typeof (value as Partial<Lender>).waitUntil === 'function'
}
