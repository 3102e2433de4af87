import { type ConnectedTab, disconnect } from './pairing.ts'
import { listProblem, refreshTabs, tabs } from './tab-list.ts'

/** The devices that answer requests of this server now. */
export function Connected() {
  const all = tabs.value
  return (
    <section class="card" aria-labelledby="share-tabs">
      <h3 id="share-tabs">Connected browsers</h3>
      {listProblem.value !== '' && <p role="alert">{listProblem.value}</p>}
      {all?.length === 0 && <p class="weak">None. One that is shared appears here by itself.</p>}
      <ul class="picks">
        {(all ?? []).map((tab) => (
          <Entry key={tab.id} tab={tab} />
        ))}
      </ul>
    </section>
  )
}

function Entry({ tab }: { tab: ConnectedTab }) {
  const { id, name, gpu, models, served } = tab
  return (
    <li>
      <div>
        <p>
          <strong>{name}</strong> {gpu && <span class="weak">{gpu}</span>}
        </p>
        <p class="weak">{doing(tab)}</p>
        <p class="weak">
          {models.length === 0 ? 'No models' : models.map((each) => each.id).join(', ')}
          {served > 0 && ` · ${served.toLocaleString('en-US')} tokens`}
        </p>
      </div>
      <button type="button" class="plain" onClick={() => void disconnect(id).finally(refreshTabs)}>
        Disconnect<span class="hidden"> {name}</span>
      </button>
    </li>
  )
}

function doing({ running, paused, visible, charging }: ConnectedTab): string {
  const facts = [
    running > 0 ? 'answering' : paused ? 'paused' : 'idle',
    visible ? 'in front' : 'hidden',
    charging !== undefined && (charging ? 'plugged in' : 'on battery'),
  ]
  return facts.filter(Boolean).join(' · ')
}
