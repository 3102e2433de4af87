/** Numbers drawn as bars of characters, such as the times between packets. Pure, without colours. */

const BARS = '▁▂▃▄▅▆▇█'

/**
 * A line of at most `width` bars, one for each value, from 0 to the largest. Where there are more
 * values than bars, each bar is the largest of its values, so that no pause is lost in an average.
 */
export function sparkline(values: readonly number[], width: number): string {
  const shown = condensed(values.map(sane), Math.max(0, Math.floor(width)))
  const top = largest(shown)
  return shown.map((value) => bar(value, top)).join('')
}

function condensed(values: readonly number[], width: number): number[] {
  if (values.length <= width) return [...values]
  return Array.from({ length: width }, (_, i) => {
    const from = Math.floor((i * values.length) / width)
    const to = Math.floor(((i + 1) * values.length) / width)
    return largest(values.slice(from, to))
  })
}

function bar(value: number, top: number): string {
  const level = top === 0 ? 0 : Math.round((value / top) * (BARS.length - 1))
  return BARS[level] as string
}

/** Not `Math.max(...)`: a long stream has more gaps than a call can have arguments. */
function largest(values: readonly number[]): number {
  return values.reduce((top, value) => Math.max(top, value), 0)
}

function sane(value: number): number {
  return value > 0 && Number.isFinite(value) ? value : 0
}

/** Upper ends of the histogram's rows, in milliseconds. */
const ENDS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000]

/**
 * A histogram of gaps in milliseconds: each row has a range, a bar and a count, and is at most `width`
 * characters wide. Empty rows before the first and after the last are left out.
 */
export function histogram(gaps: readonly number[], width: number): string[] {
  if (gaps.length === 0) return []
  const counts = new Array<number>(ENDS.length + 1).fill(0)
  for (const gap of gaps.map(sane)) {
    const row = ENDS.findIndex((end) => gap < end)
    const at = row === -1 ? ENDS.length : row
    counts[at] = (counts[at] as number) + 1
  }
  const first = counts.findIndex((count) => count > 0)
  const last = counts.findLastIndex((count) => count > 0)
  const rows = counts.slice(first, last + 1)
  const most = largest(rows)
  const digits = String(most).length
  const room = Math.max(1, width - LABEL - digits - 2)
  return rows.map((count, i) => {
    const length = count === 0 ? 0 : Math.max(1, Math.round((count / most) * room))
    const label = rangeOf(first + i).padStart(LABEL)
    return `${label} ${String(count).padStart(digits)} ${'█'.repeat(length)}`.trimEnd()
  })
}

/** Characters of the widest range. */
const LABEL = '500 ms–1 s'.length

function rangeOf(row: number): string {
  const [from, to] = [ENDS[row - 1], ENDS[row]]
  if (from === undefined) return `< ${shown(to as number)}`
  if (to === undefined) return `≥ ${shown(from)}`
  const isSame = from < 1_000 === to < 1_000
  return `${isSame ? shown(from).split(' ')[0] : shown(from)}–${shown(to)}`
}

function shown(milliseconds: number): string {
  return milliseconds < 1_000 ? `${milliseconds} ms` : `${milliseconds / 1_000} s`
}
