/**
 * Does what nobody waits for. Where it fails, that is written to standard error: a rejection that
 * nobody handles would end the process, on Node.
 *
 * @example
 * unawaited(() => store.leave('ann'))
 */
export function unawaited(act: () => unknown): void {
  void run(act)
}

async function run(act: () => unknown): Promise<void> {
  try {
    await act()
  } catch (error) {
    console.error('sluice: something that no request waits for failed:', error)
  }
}
