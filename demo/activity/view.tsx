import { useFeed } from './feed.ts'
import { FeedNotice } from './feed-notice.tsx'

export function ActivityView() {
  useFeed()
  return (
    <main class="view" aria-label="Activity">
      <h2>Activity</h2>
      <FeedNotice />
    </main>
  )
}
