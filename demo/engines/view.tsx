import type { EngineActivity } from '../../src/wire/activity/schema.ts'
import { feed, useFeed } from '../activity/feed.ts'
import { FeedNotice } from '../activity/feed-notice.tsx'
import { engines, isAdmin, queue } from '../activity/store.ts'
import { CopyLine } from '../copy-line.tsx'
import { EngineCard } from './engine-card.tsx'
import { isBuiltIn, stateTone } from './words.ts'

export function EnginesView() {
  useFeed()
  return (
    <main class="view" aria-label="Engines">
      <h2>Engines</h2>
      {feed.value.state === 'live' && !isAdmin.value ? <NoAdmin /> : <FeedNotice />}
      {engines.value && <Engines all={engines.value} />}
    </main>
  )
}

function NoAdmin() {
  return (
    <div class="empty-state">
      <p>
        Engines are shown to admin keys only. The key in use is an ordinary one: Activity shows its
        requests, and Keys what is left of its limits.
      </p>
      <p class="weak">Whoever runs this sluice can make an admin key:</p>
      <CopyLine text="sluice key new NAME --admin" />
    </div>
  )
}

function Engines({ all }: { all: readonly EngineActivity[] }) {
  const servers = all.filter((engine) => !isBuiltIn(engine))
  return (
    <>
      {servers.length === 0 ? <NoServer /> : <Summary servers={servers} />}
      <ul class={feed.value.state === 'lost' ? 'engines stale' : 'engines'}>
        {all.map((engine) => (
          <EngineCard key={engine.label} engine={engine} />
        ))}
      </ul>
    </>
  )
}

function Summary({ servers }: { servers: readonly EngineActivity[] }) {
  const up = servers.filter(({ state }) => stateTone(state) === 'good').length
  const running = servers.reduce((sum, each) => sum + each.running, 0)
  const { waiting = 0, limit = 0 } = queue.value ?? {}
  return (
    <p class="engines-summary">
      {/* The other numbers change too often to be read aloud. */}
      <span role="status">
        {up === servers.length ? `${up} up` : `${up} of ${servers.length} up`}
      </span>
      <span>{running === 1 ? '1 request runs' : `${running} requests run`}</span>
      <span>
        Queue: {waiting} of at most {limit}
      </span>
    </p>
  )
}

function NoServer() {
  return (
    <div class="empty-state">
      <p>
        <strong>No model server yet.</strong> Only the built-in engine answers, with a fixed text.
      </p>
      <p>
        Start a model server on this machine. sluice looks for the well-known ones every 10 seconds:
      </p>
      <CopyLine text="ollama serve" />
      <CopyLine text="llama-server -m MODEL.gguf" />
      <p>Or pass the URL of your server when you start sluice:</p>
      <CopyLine text="sluice --upstream http://HOST:PORT/v1" />
      <p class="weak">
        It appears here by itself. With --upstream or --no-discover, sluice does not look for
        others.
      </p>
    </div>
  )
}
