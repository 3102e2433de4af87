/**
 * Runs work that no response waits for. The promise never rejects; it is for runtimes that need to
 * be told of work beyond a response (`waitUntil`). A failure is written to standard error, since an
 * unhandled rejection would end the process on Node.
 *
 * @example
 * inBackground(() => store.release('ann'))
 */
import { stackText } from './safe/stack.ts'

export async function inBackground(work: () => unknown): Promise<void> {
  try {
    await work()
  } catch (error) {
    console.error(`sluice: background work failed; no request is affected: ${stackText(error)}`)
  }
}
