/**
 * Does what nobody has to wait for; the promise, which never rejects, is for a runtime that ends with
 * its last request. Where it fails, that is written to standard error: a rejection that
 * nobody handles would end the process, on Node.
 *
 * @example
 * unawaited(() => store.leave('ann'))
 */
export async function unawaited(act: () => unknown): Promise<void> {
  try {
    await act()
  } catch (error) {
    console.error('sluice: something that no request waits for failed:', error)
  }
}
