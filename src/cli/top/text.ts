/** Text in columns of a terminal, where a character takes one or two cells, or none. */
import widthOf from 'fast-string-width'
import { terminalLine } from '../../util/safe/terminal.ts'

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' })

/** Every character of it is one cell wide. */
const NARROW = /^[\x20-\x7e…·▁-█]*$/

/** Whatever a server sent as a text for one line, made safe for a terminal; empty for anything else. */
export function shown(value: unknown): string {
  if (typeof value === 'string') return terminalLine(value)
  return typeof value === 'number' && Number.isFinite(value) ? String(value) : ''
}

/** The cells that a safe text takes. */
export function cells(text: string): number {
  return NARROW.test(text) ? text.length : widthOf(text)
}

/** The text in at most so many cells, with `…` at the end where it was cut. */
export function clip(text: string, most: number): string {
  if (cells(text) <= most) return text
  if (most <= 0) return ''
  if (NARROW.test(text)) return `${text.slice(0, most - 1)}…`
  return `${text.slice(0, endOf(text, most - 1))}…`
}

/** The text in exactly so many cells. */
export function padded(text: string, width: number, align: 'left' | 'right' = 'left'): string {
  const cut = clip(text, width)
  const space = ' '.repeat(Math.max(0, width - cells(cut)))
  return align === 'left' ? cut + space : space + cut
}

/**
 * A text of several lines in lines of at most so many cells, broken at spaces where there are any, or
 * `anywhere`.
 */
export function wrapped(text: string, width: number, anywhere = false): string[] {
  const most = Math.max(1, width)
  return text.split('\n').flatMap((line) => broken(line.replaceAll('\t', '    '), most, anywhere))
}

/** One pass over the line, however long it is: what is shown is broken again with all that comes. */
function broken(line: string, most: number, anywhere: boolean): string[] {
  const lines: string[] = []
  const isNarrow = NARROW.test(line)
  let start = 0
  let used = 0
  let space = -1
  for (const { segment, index } of isNarrow ? charactersOf(line) : graphemes.segment(line)) {
    const width = isNarrow ? 1 : cells(segment)
    if (segment === ' ' && used <= most) space = index
    if (used + width > most && index > start) {
      const isAtSpace = !anywhere && space > start
      lines.push(line.slice(start, isAtSpace ? space : index))
      start = isAtSpace ? space + 1 : index
      used = isAtSpace ? cells(line.slice(start, index)) : 0
      // The space at which the line ended is left out.
      if (start > index) continue
    }
    used += width
  }
  const rest = line.slice(start)
  return rest === '' && lines.length > 0 ? lines : [...lines, rest]
}

function* charactersOf(line: string) {
  for (let index = 0; index < line.length; index++) yield { segment: line[index] as string, index }
}

/** The length of what fits into so many cells. */
function endOf(text: string, most: number): number {
  let used = 0
  for (const { segment, index } of graphemes.segment(text)) {
    used += cells(segment)
    if (used > most) return index
  }
  return text.length
}
