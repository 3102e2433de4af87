/** Which rows are shown, and in which order: running ones first, ended ones below. */
import { isList } from '../../wire/activity/lists.ts'
import { numberOf } from './format.ts'
import { isEnded, isFailure, type Row } from './store.ts'

/** What rows can be sorted by; `o` takes the next one. */
export const sorts = ['age', 'rate', 'tokens', 'first token', 'gap'] as const
export type Sort = (typeof sorts)[number]

export interface Selection {
  sort: Sort
  /** Words that a row must all have, in any of its texts. */
  filter: string
  failuresOnly: boolean
}

export interface OrderedRows {
  running: Row[]
  ended: Row[]
}

/**
 * Sorted by age, running requests are in the order of their arrival, so that rows stay where they are,
 * and of the ended ones the newest is first; otherwise the largest value is first.
 */
export function ordered(rows: readonly Row[], selection: Selection): OrderedRows {
  const words = selection.filter.toLowerCase().split(/\s+/).filter(Boolean)
  const wanted = rows.filter(
    (row) =>
      !isList(row.activity) && (!selection.failuresOnly || isFailure(row)) && hasWords(row, words),
  )
  const value = values[selection.sort]
  const by = (a: Row, b: Row) => value(b) - value(a) || arrivalOf(b) - arrivalOf(a)
  const oldestFirst = (a: Row, b: Row) => arrivalOf(a) - arrivalOf(b)
  const running = wanted.filter((row) => !isEnded(row))
  return {
    running: running.sort(selection.sort === 'age' ? oldestFirst : by),
    ended: wanted.filter(isEnded).sort(by),
  }
}

export function nextSort(sort: Sort): Sort {
  return sorts[(sorts.indexOf(sort) + 1) % sorts.length] as Sort
}

const values: Readonly<Record<Sort, (row: Row) => number>> = {
  age: () => 0,
  rate: ({ activity }) => numberOf(activity.rate),
  tokens: ({ activity }) => numberOf(activity.tokens),
  'first token': ({ activity }) => numberOf(activity.firstTokenMs),
  gap: ({ activity }) => numberOf(activity.longestGapMs),
}

function arrivalOf({ activity }: Row): number {
  return numberOf(activity.arrived)
}

function hasWords({ activity }: Row, words: readonly string[]): boolean {
  if (words.length === 0) return true
  const { id, path, state, model, engine, key, client, session, outcome, code, message } = activity
  const texts = [id, path, state, model, engine, key, client, session, outcome, code, message]
  const all = texts
    .filter((text) => typeof text === 'string')
    .join('\n')
    .toLowerCase()
  return words.every((word) => all.includes(word))
}
