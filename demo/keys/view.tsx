import { effect, signal } from '@preact/signals'
import type { KeyActivity } from '../../src/wire/activity/schema.ts'
import { feed, useFeed } from '../activity/feed.ts'
import { FeedNotice } from '../activity/feed-notice.tsx'
import { isAdmin, keys } from '../activity/store.ts'
import { CopyLine } from '../copy-line.tsx'
import { clock, useClock } from './clock.ts'
import { isOver, KeyCard } from './key-card.tsx'
import { levelAt } from './refill.ts'

/** The most keys in the list, as more make the page slow. */
const SHOWN = 60

/** From so many keys on, there is a field to search them. */
const SEARCHED_FROM = 8

/** The keys as the server has told them, and when. */
const told = signal<{ all: readonly KeyActivity[]; at: number }>({ all: [], at: 0 })

// Not computed, as that would be as late as it is first read.
effect(() => {
  told.value = { all: keys.value, at: performance.now() }
})

const search = signal('')

export function KeysView() {
  useFeed()
  const { all, at } = told.value
  useClock(all.some((each) => isRefilling(each, clock.value - at)))
  const isLive = feed.value.state === 'live'
  return (
    <main class="view" aria-label="Keys">
      <h2>Keys</h2>
      {!(isLive && !isAdmin.value) && <FeedNotice />}
      {isLive && !isAdmin.value && (
        <p class="feed-state weak">You see your own key. An admin key sees all of them.</p>
      )}
      {isLive && all.length === 0 && <NoKeys />}
      {all.length > 0 && <Keys all={all} toldAt={at} />}
    </main>
  )
}

function isRefilling({ requests, tokens }: KeyActivity, elapsed: number): boolean {
  return [requests, tokens].some((level) => level && levelAt(level, elapsed).fullInMs > 0)
}

function Keys({ all, toldAt }: { all: readonly KeyActivity[]; toldAt: number }) {
  const word = search.value.trim().toLowerCase()
  const found = all.filter(({ name }) => name.toLowerCase().includes(word))
  // Where not all are shown, those at a limit are. Otherwise nothing moves when limits are reached.
  const over = found.length > SHOWN ? found.filter((each) => isOver(each, toldAt)) : []
  const sorted = [...over, ...found.filter((each) => !over.includes(each))]
  const hidden = Math.max(0, sorted.length - SHOWN)
  return (
    <>
      {all.length >= SEARCHED_FROM && (
        <input
          class="key-search"
          type="search"
          placeholder="Search keys"
          aria-label="Search keys"
          value={search.value}
          onInput={(event) => {
            search.value = event.currentTarget.value
          }}
        />
      )}
      {found.length === 0 && <p class="weak">No key matches.</p>}
      <ul class={feed.value.state === 'lost' ? 'keys stale' : 'keys'}>
        {sorted.slice(0, SHOWN).map((each) => (
          <KeyCard key={each.name} of={each} toldAt={toldAt} />
        ))}
      </ul>
      {hidden > 0 && <p class="weak">{hidden} more keys: search for one by its name.</p>}
    </>
  )
}

function NoKeys() {
  return (
    <div class="empty-state">
      <p>
        <strong>No keys are configured.</strong> Every program on this machine may use sluice
        without limits, and all of them count as one. Requests from other machines are refused,
        unless sluice was started with <code>--insecure</code>.
      </p>
      <p>
        A key gives a person or a program a name, limits and its own share of the queue. This prints
        one, and the entry for <code>sluice.json</code>:
      </p>
      <CopyLine text="sluice key new NAME" />
      <p class="weak">Once a key is configured, every request needs a key.</p>
    </div>
  )
}
