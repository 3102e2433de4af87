/** Which of the requests are shown. */
import { computed, type ReadonlySignal, signal } from '@preact/signals'
import { isList } from '../../src/wire/activity/lists.ts'
import type { Activity } from '../../src/wire/activity/schema.ts'
import { persisted } from '../persisted-signal.ts'
import { ended, type Row, running } from './store.ts'

export interface Filter {
  text: string
  /** A state, an outcome, or empty for all. */
  which: string
  failuresOnly: boolean
}

const NONE: Filter = { text: '', which: '', failuresOnly: false }

/** Whether requests that only ask for lists are shown, as clients and this page do all the time. */
export const withLists = persisted('sluice.lists', false)

export const filter = signal<Filter>(NONE)

export function setFilter(change: Partial<Filter>): void {
  filter.value = { ...filter.peek(), ...change }
}

export function clearFilter(): void {
  filter.value = NONE
}

export const isFiltered = computed(() => {
  const { text, which, failuresOnly } = filter.value
  return text.trim() !== '' || which !== '' || failuresOnly
})

export const shownRunning = shownOf(running)
export const shownEnded = shownOf(ended)

/** The same list as before while the same rows match, so that a changed record redraws no list. */
function shownOf(list: ReadonlySignal<readonly Row[]>): ReadonlySignal<readonly Row[]> {
  let last: readonly Row[] = []
  const wanted = computed(() =>
    withLists.value ? list.value : list.value.filter(({ record }) => !isList(record.peek())),
  )
  return computed(() => {
    if (!isFiltered.value) return wanted.value
    const now = wanted.value.filter(({ record }) => matches(record.value, filter.value))
    const isSame = now.length === last.length && now.every((row, index) => row === last[index])
    if (!isSame) last = now
    return last
  })
}

/** Whether a request matches: every word somewhere in its texts, and its state or outcome. */
function matches(record: Activity, { text, which, failuresOnly }: Filter): boolean {
  if (failuresOnly && !isFailure(record)) return false
  if (which !== '' && which !== record.state && which !== record.outcome) return false
  const words = text.toLowerCase().split(/\s+/).filter(Boolean)
  if (words.length === 0) return true
  const { id, path, model, engine, key, client, session, code, message } = record
  const texts = [id, path, model, engine, key, client, session, code, message]
  const all = texts.join('\n').toLowerCase()
  return words.every((word) => all.includes(word))
}

/** The row that was in focus last. */
export const focused = signal('')

/** The one row that Tab leads to; arrow keys lead to the others. */
export const tabStop = computed(() => {
  const all = [...shownRunning.value, ...shownEnded.value]
  return all.some(({ id }) => id === focused.value) ? focused.value : all[0]?.id
})

/** How many requests are left out because they only ask for lists. */
export const listCount = computed(() =>
  [...running.value, ...ended.value].reduce(
    (count, { record }) => count + (isList(record.peek()) ? 1 : 0),
    0,
  ),
)

/** Whether it has failed, or is in trouble. */
function isFailure({ state, outcome }: Activity): boolean {
  return outcome === 'failed' || outcome === 'refused' || state === 'stalled'
}
