import { cut } from './cut.ts'
import { terminalText } from './terminal.ts'

/** The most characters of a stack. */
const MOST = 8_000

/** The most causes: an error may be its own. */
const MAX_CAUSES = 4

/**
 * What was thrown, with its stack, for standard error: its message may quote a client or an upstream.
 *
 * @example
 * console.error(`sluice: unhandled error: ${stackText(error)}`)
 */
export function stackText(thrown: unknown): string {
  return terminalText(cut(told(thrown), MOST))
}

function told(thrown: unknown): string {
  try {
    if (!(thrown instanceof Error)) return String(thrown)
    const causes = causesOf(thrown).map((cause) => `\n  caused by ${cause}`)
    return (thrown.stack ?? thrown.message) + causes.join('')
  } catch {
    return 'a value that cannot be shown as text'
  }
}

/** The messages of an error's causes, the nearest first. */
function causesOf({ cause }: Error): string[] {
  const told: string[] = []
  let next: unknown = cause
  while (next instanceof Error && told.length < MAX_CAUSES) {
    told.push(String(next))
    next = next.cause
  }
  return told
}
