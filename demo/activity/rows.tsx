import { signal } from '@preact/signals'
import { useClock } from '../keys/clock.ts'
import { item, openView } from '../views.ts'
import { stopRequest } from './actions.ts'
import {
  clearFilter,
  isFiltered,
  listCount,
  shownEnded,
  shownRunning,
  withLists,
} from './filters.ts'
import { RequestRow } from './row.tsx'
import { ended, type Row, rows, running } from './store.ts'

/** The most ended requests that are listed at once: more make the page slow. */
const PART = 100

const most = signal(PART)

export function Requests() {
  const all = shownEnded.value
  const listed = all.slice(0, most.value)
  useClock(running.value.length > 0)
  if (shownRunning.value.length === 0 && all.length === 0 && isFiltered.value) return <NoMatch />
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: keys that move between the links in it
    <div class="requests" onKeyDown={handleKey}>
      <Columns />
      <List title="Running" list={shownRunning.value} none="No requests are running." />
      <List title="Ended" list={listed} none="No requests have ended yet." />
      {all.length > listed.length && (
        <button
          type="button"
          class="quiet"
          onClick={() => {
            most.value += PART
          }}
        >
          Show {Math.min(PART, all.length - listed.length)} more of {all.length}
        </button>
      )}
    </div>
  )
}

function List({ title, list, none }: { title: string; list: readonly Row[]; none: string }) {
  return (
    <section aria-label={title}>
      <h3>
        {title} {list.length > 0 && <small>{list.length}</small>}
      </h3>
      {list.length === 0 && <p class="weak">{none}</p>}
      <ul>
        {list.map((row) => (
          <RequestRow key={row.id} row={row} />
        ))}
      </ul>
    </section>
  )
}

/** Titles for the eye; each row says in a sentence what it is. */
function Columns() {
  const titles = ['State', 'Model', 'Key', 'Tokens', 'First token', 'Pauses', 'Time']
  const names = ['state', 'model', 'who', 'number tokens', 'number first', 'pauses', 'number time']
  return (
    <div class="request titles" aria-hidden="true">
      {titles.map((title, index) => (
        <span key={title} class={`cell ${names[index]}`}>
          {title}
        </span>
      ))}
    </div>
  )
}

function NoMatch() {
  const left = withLists.value ? 0 : listCount.value
  const count = running.value.length + ended.value.length - left
  return (
    <p class="weak">
      None of the {count} requests matches.{' '}
      <button type="button" class="quiet" onClick={clearFilter}>
        Show all
      </button>
    </p>
  )
}

/** Arrow keys move between the rows, `s` stops the one in focus, Escape closes the one that is open. */
function handleKey(event: KeyboardEvent): void {
  const links = [...(event.currentTarget as HTMLElement).querySelectorAll<HTMLElement>('a.request')]
  const at = links.indexOf(document.activeElement as HTMLElement)
  const target = targetOf(event.key, at, links.length)
  if (target !== undefined) {
    event.preventDefault()
    links[target]?.focus()
  } else if (event.key === 's' && !event.ctrlKey && !event.metaKey && !event.altKey) {
    const row = rows.get(links[at]?.dataset.id ?? '')
    if (row && row.record.peek().state !== 'ended') void stopRequest(row.id)
  } else if (event.key === 'Escape' && item.peek() !== '') openView('activity')
}

function targetOf(key: string, at: number, count: number): number | undefined {
  if (at === -1) return undefined
  if (key === 'ArrowDown') return Math.min(at + 1, count - 1)
  if (key === 'ArrowUp') return Math.max(at - 1, 0)
  if (key === 'Home') return 0
  return key === 'End' ? count - 1 : undefined
}
