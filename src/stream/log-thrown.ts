import { stackText } from '../util/safe/stack.ts'

/** Calls `act` and logs what it throws: thrown from a timer or an abort event it would end Node. */
export function logThrown(act: () => void): void {
  try {
    act()
  } catch (error) {
    logError(error)
  }
}

/** For a caller that catches itself, where a closure for each call is too much. */
export function logError(error: unknown): void {
  console.error(
    `sluice: an error that does not affect the request it came with: ${stackText(error)}`,
  )
}
