/** The columns of the table: what is in them, how wide they are, and which ones a narrow terminal lacks. */
import { sparkline } from '../sparkline.ts'
import { shortCount, shortRate, shortTime } from './format.ts'
import { ageOf, durationOf, isEnded, type Row } from './store.ts'
import { padded, shown } from './text.ts'

interface Column {
  title: string
  /** Cells that it needs, and the most that it takes of those that are left over. */
  min: number
  max: number
  align?: 'right'
  text(row: Row, width: number, now: number): string
}

const columns = {
  state: { title: 'STATE', min: 9, max: 9, text: (row) => stateOf(row) },
  model: { title: 'MODEL', min: 12, max: 34, text: ({ activity }) => subjectOf(activity) },
  engine: { title: 'ENGINE', min: 8, max: 20, text: ({ activity }) => shown(activity.engine) },
  key: { title: 'KEY', min: 7, max: 16, text: ({ activity }) => shown(activity.key) },
  client: { title: 'CLIENT', min: 10, max: 26, text: ({ activity }) => shown(activity.client) },
  tokens: { title: 'TOKENS', min: 6, max: 6, align: 'right', text: tokensOf },
  rate: { title: 'TOK/S', min: 6, max: 6, align: 'right', text: rateOf },
  first: {
    title: 'FIRST',
    min: 6,
    max: 6,
    align: 'right',
    text: ({ activity }) => shortTime(activity.firstTokenMs),
  },
  gaps: { title: 'GAPS', min: 8, max: 32, text: ({ gaps }, width) => newest(gaps, width) },
  longest: {
    title: 'LONGEST',
    min: 7,
    max: 7,
    align: 'right',
    text: ({ activity }) => shortTime(activity.longestGapMs),
  },
  time: {
    title: 'TIME',
    min: 6,
    max: 6,
    align: 'right',
    text: (row, _, now) => shortTime(durationOf(row, now)),
  },
  age: {
    title: 'AGE',
    min: 6,
    max: 6,
    align: 'right',
    text: (row, _, now) => shortTime(ageOf(row, now)),
  },
  detail: {
    title: 'DETAIL',
    min: 18,
    max: Number.POSITIVE_INFINITY,
    text: (row) => detailOf(row),
  },
} as const satisfies Record<string, Column>

/** The model; where there is none, the route or the path, so that the row says what it is. */
function subjectOf({ model, api, path }: Row['activity']): string {
  return shown(model) || shown(api) || shown(path)
}

export type ColumnName = keyof typeof columns

/** A column in a terminal of a certain width. */
export interface PlacedColumn {
  name: ColumnName
  width: number
}

/** The columns that are left out, one after the other, until the rest fits; the others always stay. */
export const dropOrder = [
  'age',
  'client',
  'longest',
  'key',
  'engine',
  'detail',
  'gaps',
  'first',
  'rate',
  'tokens',
] as const satisfies readonly ColumnName[]

/** Cells before the first column, for the sign of the selected row. */
const MARGIN = 2

/** The columns for a terminal of this width: they depend on nothing else, so that rows do not jump. */
export function columnsFor(width: number): PlacedColumn[] {
  let names = Object.keys(columns) as ColumnName[]
  for (const name of dropOrder) {
    if (neededBy(names) <= width) break
    names = names.filter((each) => each !== name)
  }
  const placed = names.map((name) => ({ name, width: columns[name].min as number }))
  let left = width - neededBy(names)
  while (left > 0) {
    const growing = placed.filter((each) => each.width < columns[each.name].max).slice(0, left)
    if (growing.length === 0) break
    for (const each of growing) each.width++
    left -= growing.length
  }
  return placed
}

function neededBy(names: readonly ColumnName[]): number {
  return names.reduce((sum, name) => sum + columns[name].min + 1, MARGIN - 1)
}

/** The line of titles. */
export function titleLine(placed: readonly PlacedColumn[]): string {
  const titles = placed.map(({ name, width }) => padded(columns[name].title, width, alignOf(name)))
  return `${' '.repeat(MARGIN)}${titles.join(' ')}`
}

/** The texts of a row, each as wide as its column. */
export function rowCells(row: Row, placed: readonly PlacedColumn[], now: number): string[] {
  return placed.map(({ name, width }) =>
    padded(columns[name].text(row, width, now), width, alignOf(name)),
  )
}

function alignOf(name: ColumnName): 'right' | undefined {
  const column: Column = columns[name]
  return column.align
}

/** Its state, or how it ended. */
export function stateOf({ activity }: Row): string {
  const { state, outcome } = activity
  return shown(state === 'ended' ? (outcome ?? state) : state)
}

/** `~` stands before a count that the engine has not reported. */
function tokensOf({ activity }: Row): string {
  const { tokens, tokensReported } = activity
  if (!tokens) return ''
  return `${tokensReported ? '' : '~'}${shortCount(tokens)}`
}

/** Of an ended request, the mean since its first token. */
function rateOf(row: Row): string {
  const { tokens, rate, durationMs, firstTokenMs } = row.activity
  if (!isEnded(row)) return shortRate(rate)
  if (firstTokenMs === undefined || durationMs <= firstTokenMs || tokens < 2) return ''
  return shortRate(((tokens - 1) / (durationMs - firstTokenMs)) * 1_000)
}

function newest(gaps: readonly number[], width: number): string {
  return sparkline(gaps.slice(-width), width)
}

/** What there is to say of it beside numbers. */
function detailOf({ activity }: Row): string {
  const { state, place, progress, code, attempts = 0, stalls, repairs, unread } = activity
  const parts = [
    state === 'queued' && place !== undefined && (place === 1 ? 'next' : `place ${place}`),
    state !== 'ended' && progress,
    state === 'blocked' && 'client does not read',
    unread && 'nobody reads it',
    code,
    attempts > 1 && `${attempts} attempts`,
    stalls && `${stalls} stall${stalls === 1 ? '' : 's'}`,
    Array.isArray(repairs) && repairs.length > 0 && `repaired ${repairs.map(shown).join(', ')}`,
  ]
  return parts.filter(Boolean).map(shown).join(' · ')
}
