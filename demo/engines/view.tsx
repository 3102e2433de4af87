import { useFeed } from '../activity/feed.ts'
import { FeedNotice } from '../activity/feed-notice.tsx'

export function EnginesView() {
  useFeed()
  return (
    <main class="view" aria-label="Engines">
      <h2>Engines</h2>
      <FeedNotice />
    </main>
  )
}
