import { useEffect } from 'preact/hooks'
import { feed, useFeed } from '../activity/feed.ts'
import { FeedNotice } from '../activity/feed-notice.tsx'
import { captures, isAdmin } from '../activity/store.ts'
import { CopyLine } from '../copy-line.tsx'
import { CaptureList } from './capture-list.tsx'
import { problem, refreshSoon } from './captures-state.ts'
import { Control } from './control.tsx'

export function CapturesView() {
  useFeed()
  const isLive = feed.value.state === 'live'
  return (
    <main class="view" aria-label="Captures">
      <h2>Captures</h2>
      {isLive && !isAdmin.value ? <NoAdmin /> : <FeedNotice />}
      {isAdmin.value && <Captures />}
    </main>
  )
}

function Captures() {
  // The feed tells that there are others, or another rule: then the list is read anew.
  const { rule, count, bytes } = captures.value ?? {}
  useEffect(refreshSoon, [rule, count, bytes])
  return (
    <>
      <Control />
      {problem.value !== '' && (
        <p class="capture-problem" role="alert">
          {problem.value}
        </p>
      )}
      <CaptureList />
    </>
  )
}

function NoAdmin() {
  return (
    <div class="empty-state">
      <p>
        Captures hold the prompts and answers of all keys, so they are shown to admin keys only. The
        key in use is an ordinary one.
      </p>
      <p class="weak">Whoever runs this sluice can make an admin key:</p>
      <CopyLine text="sluice key new NAME --admin" />
    </div>
  )
}
