import { cut } from './cut.ts'
import { terminalLine } from './terminal.ts'

/**
 * Text for a field of a log entry: one line without control characters, of at most `most` characters.
 *
 * @example
 * logText('a\nb') // 'a\\u000ab'
 */
export function logText(text: string, most = 200): string {
  return cut(terminalLine(cut(text, most)), most)
}
