import { cut } from './cut.ts'
import { terminalLine } from './terminal.ts'

/**
 * A received value as an error message shows it: in quotes, as JSON, on one line, at most `most`
 * characters of it.
 *
 * @example
 * quoted('a "b"\n') // '"a \\"b\\"\\n"'
 */
export function quoted(text: string, most = 80): string {
  return terminalLine(JSON.stringify(cut(text, most)))
}
