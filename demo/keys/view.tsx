import { useFeed } from '../activity/feed.ts'
import { FeedNotice } from '../activity/feed-notice.tsx'

export function KeysView() {
  useFeed()
  return (
    <main class="view" aria-label="Keys">
      <h2>Keys</h2>
      <FeedNotice />
    </main>
  )
}
