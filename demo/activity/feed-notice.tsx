import { Key } from '../key.tsx'
import { feed, reconnect } from './feed.ts'
import { isAdmin } from './store.ts'

function Again() {
  return (
    <button type="button" class="quiet" onClick={reconnect}>
      Try again
    </button>
  )
}

/** What the feed says of itself; nothing while all is well and everything is seen. */
export function FeedNotice() {
  const now = feed.value
  if (now.state === 'connecting') return <p class="feed-state weak">Connecting…</p>
  if (now.state === 'no-key') return <Key />
  if (now.state === 'lost') {
    return (
      <p class="feed-state lost" role="status">
        The server does not answer. Reconnecting…
      </p>
    )
  }
  if (now.state === 'missing') {
    return (
      <p class="feed-state" role="status">
        This server has no activity feed. Serve the page with a sluice of the same version.{' '}
        <Again />
      </p>
    )
  }
  if (now.state === 'refused') {
    return (
      <>
        <p class="feed-state" role="status">
          {now.message} <Again />
        </p>
        <Key />
      </>
    )
  }
  if (isAdmin.value) return null
  return (
    <div class="feed-state">
      <p class="weak">You see the requests of your own key. An admin key sees all requests.</p>
      <Key />
    </div>
  )
}
