/** Markdown tables of figures. */

export type Row = readonly string[]

/** A table whose columns are aligned right except for the first, and also aligned in its source. */
export function table(header: Row, rows: readonly Row[]): string {
  const widths = header.map((title, column) =>
    Math.max(3, title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  )
  const line = (cells: Row) =>
    `| ${widths
      .map((width, column) => {
        const cell = cells[column] ?? ''
        return column === 0 ? cell.padEnd(width) : cell.padStart(width)
      })
      .join(' | ')} |`
  const rule = widths.map((width, column) =>
    column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`,
  )
  return [line(header), line(rule), ...rows.map(line)].join('\n')
}

/** A number with three significant digits; a dash for NaN. */
export function number(value: number): string {
  if (Number.isNaN(value)) return '–'
  if (!Number.isFinite(value)) return '∞'
  const size = Math.abs(value)
  const digits = size >= 100 || size === 0 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3
  return value.toFixed(digits)
}

/** A median with its spread: `16.1 (15.8–17.0)`. */
export function spread(figure: { median: number; min: number; max: number }): string {
  if (Number.isNaN(figure.median)) return '–'
  return `${number(figure.median)} (${number(figure.min)}–${number(figure.max)})`
}

/** `1.25 ×` */
export function times(value: number): string {
  if (!Number.isFinite(value)) return number(value)
  return value >= 0.01 ? `${value.toFixed(2)} ×` : `${value.toFixed(4)} ×`
}
