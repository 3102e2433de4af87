/** The screen with the table of requests. */
import { columnsFor, type PlacedColumn, rowCells, stateOf, titleLine } from './columns.ts'
import { enginesLine, summaryLine } from './header.ts'
import type { OrderedRows, Selection } from './order.ts'
import { colourOf, type Painter } from './paint.ts'
import { type ActivityStore, isEnded, type Row } from './store.ts'
import { clip, padded, shown } from './text.ts'
import type { Size } from './view.ts'

export interface ListState {
  /** The server's name. */
  name: string
  store: ActivityStore
  rows: OrderedRows
  selection: Selection
  /** The id of the row that keys act on. */
  selected: string | undefined
  /** Rows that are scrolled past. */
  scrolled: number
  /** What is wrong with the connection; empty where nothing is. */
  connection: string
  /** A question or a message for the last line, in place of the keys. */
  message: string
}

const KEYS = 'Enter open  s stop  o sort  f failures  / filter  e engines  ? help  q quit'

/** A line of the table: a row, or the line between running and ended ones. */
type Entry = { row: Row } | { divider: string }

/** The lines of the screen, and how far it is scrolled so that the selected row is visible. */
export function listFrame(
  state: ListState,
  { columns, rows }: Size,
  paint: Painter,
  now: number,
): { lines: string[]; scrolled: number } {
  const placed = columnsFor(columns)
  const engines = enginesLine(state.store, columns, paint)
  const head = [
    summaryLine(state.name, state.store, state.connection, columns, paint),
    ...(engines === '' ? [] : [engines]),
    paint.strong(clip(titleLine(placed), columns)),
  ]
  const entries = entriesOf(state.rows, state.selection)
  const room = Math.max(1, rows - head.length - 1)
  const scrolled = scrolledTo(entries, state, room)
  const seen = entries.slice(scrolled, scrolled + room)
  const body = seen.map((entry) =>
    'row' in entry
      ? rowLine(entry.row, placed, columns, paint, now, entry.row.activity.id === state.selected)
      : paint.weak(padded(entry.divider, columns)),
  )
  if (entries.length === 0) body.push(clip(emptyText(state), columns))
  while (body.length < room) body.push('')
  const lines = [...head, ...body].slice(0, Math.max(0, rows - 1))
  return { lines: [...lines, footer(state, columns, paint)].slice(-rows), scrolled }
}

function entriesOf({ running, ended }: OrderedRows, selection: Selection): Entry[] {
  const failed = selection.failuresOnly ? ' (failures)' : ''
  return [
    ...running.map((row) => ({ row })),
    ...(ended.length > 0 ? [{ divider: `── ended: ${ended.length}${failed} ──` }] : []),
    ...ended.map((row) => ({ row })),
  ]
}

function scrolledTo(entries: readonly Entry[], { selected, scrolled }: ListState, room: number) {
  const most = Math.max(0, entries.length - room)
  const at = entries.findIndex((entry) => 'row' in entry && entry.row.activity.id === selected)
  if (at === -1) return Math.min(scrolled, most)
  const highest = Math.max(scrolled, at - room + 1)
  return Math.min(highest, at, most)
}

/** A row with its state in colour; the selected one has a sign too. */
function rowLine(
  row: Row,
  placed: readonly PlacedColumn[],
  width: number,
  paint: Painter,
  now: number,
  isSelected: boolean,
): string {
  const texts = rowCells(row, placed, now)
  if (isSelected) return paint.reversed(padded(`> ${texts.join(' ')}`, width))
  const [state = '', ...others] = texts
  if (width < 2 + state.length) return clip(`  ${state}`, width)
  const rest = clip(` ${others.join(' ')}`, Math.max(0, width - 2 - state.length))
  const colour = colourOf(stateOf(row))
  return `  ${paint.coloured(state, colour)}${isEnded(row) ? paint.weak(rest) : rest}`
}

function emptyText({ store, selection, connection }: ListState): string {
  if (store.instance === '') return connection === '' ? '  connecting' : ''
  if (selection.filter !== '') return '  No request matches the filter; Esc removes it.'
  if (selection.failuresOnly) return '  No request failed or was refused; f shows all of them.'
  return '  No requests yet. They appear here while they happen.'
}

function footer({ message, selection }: ListState, width: number, paint: Painter): string {
  if (message !== '') return paint.strong(clip(message, width))
  const { sort, filter, failuresOnly } = selection
  const parts = [
    `sort: ${sort}`,
    ...(failuresOnly ? ['failures only'] : []),
    ...(filter === '' ? [] : [`filter: ${shown(filter)}`]),
  ]
  return paint.weak(clip(`${parts.join(' · ')}  │  ${KEYS}`, width))
}

/** The table as plain text, for pipes and `--once`. */
export function plainTable(state: ListState, columns: number, paint: Painter, now: number): string {
  const placed = columnsFor(columns)
  const engines = enginesLine(state.store, columns, paint)
  const { running, ended } = state.rows
  const lines = [
    summaryLine(state.name, state.store, state.connection, columns, paint),
    ...(engines === '' ? [] : [engines]),
    '',
    titleLine(placed),
    ...[...running, ...ended].map((row) => rowLine(row, placed, columns, paint, now, false)),
    ...(running.length + ended.length === 0 ? [emptyText(state)] : []),
  ]
  return `${lines.map((line) => line.trimEnd()).join('\n')}\n`
}
