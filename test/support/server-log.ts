import { setTimeout as sleep } from 'node:timers/promises'
import type { LogEntry } from '../../src/platform/log.ts'

/** Log lines in the order in which they came, each handed out once. */
export function serverLog() {
  const entries: LogEntry[] = []
  const handedOut = new WeakSet<LogEntry>()
  /** The first one not yet handed out for which `matches` holds; rejects when none comes. */
  const next = async (
    matches: (entry: LogEntry) => boolean = () => true,
    ms = 3_000,
  ): Promise<LogEntry> => {
    const deadline = performance.now() + ms
    for (;;) {
      const found = entries.find((entry) => !handedOut.has(entry) && matches(entry))
      if (found) {
        handedOut.add(found)
        return found
      }
      if (performance.now() > deadline) {
        const last = entries.slice(-3).map((entry) => JSON.stringify(entry))
        throw new Error(`No such log line within ${ms} ms; the last ones:\n${last.join('\n')}`)
      }
      await sleep(5)
    }
  }
  return { entries, next }
}
