import { terminalLine } from './terminal.ts'

/**
 * Text for a line of Markdown, such as a cell of a table: what would begin an element, a link, code or
 * another cell is escaped.
 *
 * @example
 * markdownText('<b> | [a](b)') // '\\<b> \\| \\[a\\](b)'
 */
export function markdownText(words: string): string {
  return terminalLine(words).replace(/[|<[\]`]/g, '\\$&')
}
