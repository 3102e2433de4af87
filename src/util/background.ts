/**
 * Runs work whose result nobody awaits. A failure is written to standard error: on Node an unhandled
 * rejection would end the process.
 *
 * @example
 * inBackground(() => store.release('ann'))
 */
export function inBackground(work: () => unknown): void {
  void run(work)
}

async function run(work: () => unknown): Promise<void> {
  try {
    await work()
  } catch (error) {
    console.error('sluice: background work failed; no request is affected:', error)
  }
}
