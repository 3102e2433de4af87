import { item } from '../views.ts'
import { told } from './actions.ts'
import { Detail } from './detail.tsx'
import { Empty } from './empty.tsx'
import { feed, useFeed } from './feed.ts'
import { FeedNotice } from './feed-notice.tsx'
import { Requests } from './rows.tsx'
import { ended, running } from './store.ts'
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
        <List />
      </main>
      {isOpen && <Detail id={item.value} />}
    </div>
  )
}

function List() {
  const isEmpty = running.value.length === 0 && ended.value.length === 0
  // While the server is gone, what it told last stays.
  if (isEmpty) return feed.value.state === 'live' ? <Empty /> : null
  return (
    <>
      <Toolbar />
      <Requests />
    </>
  )
}
