import { item } from '../views.ts'
import { told } from './actions.ts'
import { Detail } from './detail.tsx'
import { Empty } from './empty.tsx'
import { feed, useFeed } from './feed.ts'
import { FeedNotice } from './feed-notice.tsx'
import { listCount, withLists } from './filters.ts'
import { Requests } from './rows.tsx'
import { ended, lastFailure, running } from './store.ts'
import { Toolbar } from './toolbar.tsx'

/** Every request while it happens, and those that have ended. */
export function ActivityView() {
  useFeed()
  const isOpen = item.value !== ''
  return (
    <div class={isOpen ? 'activity open' : 'activity'}>
      <main class="view" aria-label="Activity">
        <h2 class="hidden">Activity</h2>
        <FeedNotice />
        <p class="told" role="status">
          {told.value}
        </p>
        <p class="hidden" role="status">
          {lastFailure.value}
        </p>
        <List />
      </main>
      {isOpen && <Detail id={item.value} />}
    </div>
  )
}

function List() {
  const all = running.value.length + ended.value.length
  const isEmpty = all === (withLists.value ? 0 : listCount.value)
  // While the server is gone, what it told last stays.
  if (all === 0 && feed.value.state !== 'live') return null
  return (
    <>
      {all > 0 && <Toolbar />}
      {isEmpty ? <Empty /> : <Requests />}
    </>
  )
}
