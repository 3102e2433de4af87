import type { EngineActivity } from '../../src/wire/activity/schema.ts'
import { useFeed } from '../activity/feed.ts'
import { engines } from '../activity/store.ts'
import { hasServer, isChecked, isServerAdmin, served, wantsKey } from '../api.ts'
import { CopyLine } from '../copy-line.tsx'
import { Health } from '../engines/health.tsx'
import { explain, isBuiltIn, kindName, stateTone, stateWord } from '../engines/words.ts'
import { Key } from '../key.tsx'
import { hashOf } from '../views.ts'
import { chatWith, isLost, ready } from './found.ts'
import { isOnThisMachine } from './place.ts'

/** The most models that are named. */
const NAMED = 6

/** What the server behind the page has found, as far as its user may see it. */
export function Servers() {
  return (
    <section class="card" aria-labelledby="servers-title">
      <div class="card-head">
        <h3 id="servers-title">
          {isOnThisMachine() || !hasServer.value
            ? 'On this machine'
            : 'On the machine that runs sluice'}
        </h3>
      </div>
      <Shown />
    </section>
  )
}

function Shown() {
  if (!isChecked.value) return <p class="weak">Looking for model servers…</p>
  if (!hasServer.value) {
    if (isLost.value) return <Lost />
    return (
      <p class="weak">
        This page comes from a server of files. For the model servers of your machine, run sluice
        there, and open the page that it serves.
      </p>
    )
  }
  if (wantsKey.value) return <Key />
  return isServerAdmin.value ? <Engines /> : <ServedModels />
}

function Lost() {
  return <p class="feed-state lost">sluice does not answer. Reconnecting…</p>
}

/** For admins: each server, up or not. */
function Engines() {
  // Also while it is lost: this is what connects it again.
  useFeed()
  const all = engines.value
  if (isLost.value) return <Lost />
  if (all === undefined) return <p class="weak">Looking for model servers…</p>
  const servers = all.filter((engine) => !isBuiltIn(engine))
  return (
    <>
      {servers.length === 0 && (
        <p>
          No model server yet. sluice looks for Ollama, LM Studio, llama-server, vLLM and others at
          their usual ports, unless it was started with --upstream or --no-discover.
        </p>
      )}
      <ul class="found">
        {servers.map((engine) => (
          <Engine key={engine.label} engine={engine} />
        ))}
      </ul>
      <p class="weak looking">
        <span class="pulse" aria-hidden="true" />
        Looking again every 10 seconds: a server that you start now appears here.
      </p>
    </>
  )
}

function Engine({ engine }: { engine: EngineActivity }) {
  const { label, kind, state, models, loaded } = engine
  const name = kindName(kind)
  const trouble = explain(engine)
  const sorted = [...models].sort((a, b) => Number(loaded.includes(b)) - Number(loaded.includes(a)))
  return (
    <li>
      <div class="found-head">
        <h4>{name || label}</h4>
        {name !== '' && plain(name) !== plain(label) && <span class="weak">{label}</span>}
        <Health word={stateWord(state)} tone={stateTone(state)} />
      </div>
      {state === 'up' ? (
        <Names names={sorted} label={name || label} />
      ) : (
        <>
          <p class="weak">{trouble?.remedy ?? trouble?.what}</p>
          {trouble?.command && <CopyLine text={trouble.command} />}
          <p>
            <a href={hashOf('engines')}>More about it</a>
          </p>
        </>
      )}
    </li>
  )
}

/** A name without what its spellings differ in. */
function plain(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9]/g, '')
}

/** For other keys: the models that they may use. */
function ServedModels() {
  const names = ready.value.map(({ id }) => id)
  const away = (served.value ?? []).filter((each) => !each.ready).map(({ id }) => id)
  return (
    <>
      <Key />
      {names.length === 0 ? (
        <p>No model of a server is ready for you.</p>
      ) : (
        <Names names={names} label="this server" />
      )}
      {away.length > 0 && <p class="weak">Not ready now: {away.join(', ')}.</p>}
      <p class="weak looking">
        <span class="pulse" aria-hidden="true" />
        Looking again every 10 seconds.
      </p>
    </>
  )
}

/** Models to chat with. */
function Names({ names, label }: { names: string[]; label: string }) {
  if (names.length === 0) return <p class="weak">It lists no models yet.</p>
  const rest = names.length - NAMED
  return (
    <ul class="chips" aria-label={`Models of ${label}`}>
      {names.slice(0, NAMED).map((name) => (
        <li key={name}>
          <button type="button" class="chip" onClick={() => void chatWith(name)}>
            <span class="hidden">Chat with </span>
            {name}
          </button>
        </li>
      ))}
      {rest > 0 && (
        <li>
          <a href={hashOf('chat')}>and {rest} more</a>
        </li>
      )}
    </ul>
  )
}
