/** What the requests of this session have shown of the models; filled while any view shows the feed. */
import { effect, signal, untracked } from '@preact/signals'
import { ended } from '../activity/store.ts'
import { key } from '../api.ts'
import { History } from './history.ts'

/** Replaced by an equal one when something was added, so that what shows it is drawn anew. */
export const measurements = signal({ history: new History() })

/** Begins to fill it. The view that shows it may be loaded later. */
export function startMeasuring(): void {
  effect(() => {
    const rows = ended.value
    const { history } = untracked(() => measurements.value)
    let isChanged = false
    for (const { record } of rows) isChanged = history.add(record.peek()) || isChanged
    if (isChanged) measurements.value = { history }
  })

  // Another key may be that of another person.
  let lastKey = key.peek()
  effect(() => {
    if (key.value === lastKey) return
    lastKey = key.value
    measurements.value = { history: new History() }
  })
}
