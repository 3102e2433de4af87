import { stackText } from '../util/safe/stack.ts'

/** Calls `act` and logs what it throws: thrown from a timer or an abort event it would end Node. */
export function logThrown(act: () => void): void {
  try {
    act()
  } catch (error) {
    console.error(
      `sluice: an internal error while ending a request, which is otherwise complete: ${stackText(error)}`,
    )
  }
}
