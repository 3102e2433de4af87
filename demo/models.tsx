import { signal } from '@preact/signals'
import type { Model } from './api.ts'
import { deleteCached } from './cache.ts'
import { ContextChoice } from './context-choice.tsx'
import { cancelLoading, gpu, loading, loadModel } from './engine.ts'
import { bytesText, speedText, timeText } from './format.ts'
import { Key } from './key.tsx'
import { contextText, ownMemory } from './model-context.ts'
import { maxMemory, ownModelsText, saveEngineOptions } from './own-models.ts'
import { service } from './service.ts'
import { cached, chosenModel, model, models, refreshStorage, storage } from './state.ts'

const search = signal('')

/** The form for the user's own models, while it is being filled in. */
const own = { text: signal(ownModelsText()), memory: signal(maxMemory()) }

export function Models() {
  const all = models.value
  const words = search.value.toLowerCase().split(/\s+/)
  const shown = (all ?? []).filter(({ id }) =>
    words.every((word) => id.toLowerCase().includes(word)),
  )
  const local = shown.filter(isLocal)
  const builtIn = shown.filter(({ owned_by }) => owned_by === 'sluice')
  const remote = shown.filter((each) => !isLocal(each) && !builtIn.includes(each))
  return (
    <>
      <h2>Models</h2>
      <LoadingBar />
      <Key />
      <input
        type="search"
        placeholder="Search models"
        aria-label="Search models"
        value={search.value}
        onInput={(event) => {
          search.value = event.currentTarget.value
        }}
      />
      {all === undefined && <p class="weak">Loading the list of models…</p>}
      {all !== undefined && shown.length === 0 && <NoModels isSearch={search.value !== ''} />}
      <List title="On a server" list={remote} />
      <List title="On this GPU" list={local} />
      <Missing />
      <List title="Built in (a fixed answer)" list={builtIn} />
      <Storage />
      <OwnModels />
    </>
  )
}

/** What does not work in this browser: one quiet line, which says why and what to do when opened. */
function Missing() {
  const problems = [
    ['WebGPU is missing', gpu.value],
    ['No answers within this browser', service.value],
  ] as const
  return problems.map(([title, problem]) =>
    problem.state === 'missing' ? (
      <details class="missing" key={title}>
        <summary>{title}</summary>
        <p class="weak">
          {problem.why} {problem.remedy}
        </p>
      </details>
    ) : null,
  )
}

function isLocal({ owned_by }: Model): boolean {
  return owned_by === 'web-llm'
}

function NoModels({ isSearch }: { isSearch: boolean }) {
  if (isSearch) return <p class="weak">No model matches.</p>
  const why =
    gpu.value.state === 'missing'
      ? 'This browser has no usable GPU, and the page has no server behind it.'
      : 'No models yet. The GPU is still being checked, and the page has no server behind it.'
  return <p class="weak">{why}</p>
}

function List({ title, list }: { title: string; list: Model[] }) {
  if (list.length === 0) return null
  return (
    <section>
      <h3>{title}</h3>
      <ul class="model-list">
        {list.map((each) => (
          <Entry key={each.id} entry={each} />
        ))}
      </ul>
    </section>
  )
}

function Entry({ entry }: { entry: Model }) {
  const { id, loaded, memory_mb: memory } = entry
  const bare = ownMemory(entry)
  const download = cached.value.get(id)
  const facts = [
    memory !== undefined && `${bytesText(memory * 1e6)} of memory`,
    bare !== undefined && speedText(bare),
    contextText(entry),
    entry.tools && 'tools',
    download &&
      `${bytesText(download.bytes)} ${download.isWhole ? 'on this device' : 'in part on this device'}`,
  ].filter(Boolean)
  return (
    <li>
      <label>
        <input
          type="radio"
          name="model"
          checked={model.value === id}
          onChange={() => {
            chosenModel.value = id
          }}
        />
        <span class="name">{id}</span>
        {loaded && <span class="badge">on the GPU</span>}
      </label>
      {facts.length > 0 && <p class="weak">{facts.join(' · ')}</p>}
      {model.value === id && isLocal(entry) && <ContextChoice entry={entry} />}
      {model.value === id && loaded === false && (
        <p class="actions">
          <button
            type="button"
            onClick={() => loadModel(id)}
            disabled={loading.value !== undefined && !loading.value.error}
          >
            {download?.isWhole ? 'Load' : 'Download and load'}
          </button>
          {download && (
            <button
              type="button"
              class="quiet"
              onClick={() => void deleteCached(entry).then(refreshStorage)}
            >
              Delete from this device
            </button>
          )}
        </p>
      )}
    </li>
  )
}

export function LoadingBar() {
  const now = loading.value
  if (now === undefined) return null
  if (now.error) {
    return (
      <div class="notice" role="alert">
        <p>
          <strong>{now.model} was not loaded.</strong> {now.error}
        </p>
        <button type="button" onClick={() => loadModel(now.model)}>
          Try again
        </button>
      </div>
    )
  }
  const elapsed = performance.now() - now.startedAt
  const facts = [
    `${Math.floor(now.done * 100)} %`,
    now.megabytes !== undefined && `${now.megabytes} MB`,
    now.megabytes !== undefined &&
      elapsed > 1_000 &&
      `${(now.megabytes / (elapsed / 1_000)).toFixed(1)} MB/s`,
    now.done > 0.02 && elapsed > 2_000 && `${timeText((elapsed / now.done) * (1 - now.done))} left`,
    /cache/i.test(now.text) && !/fetching/i.test(now.text) && 'from this device',
  ].filter(Boolean)
  return (
    <div class="loading">
      <p>Loading {now.model}</p>
      <progress max={1} value={now.done} aria-label={`Loading ${now.model}`} />
      <p class="weak">{facts.join(' · ')}</p>
      <button type="button" class="quiet" onClick={cancelLoading}>
        Cancel
      </button>
    </div>
  )
}

function Storage() {
  const now = storage.value
  if (now === undefined || now.used < 1e6) return null
  return (
    <p class="weak">
      {bytesText(now.used)} of {bytesText(now.quota)} used on this device.
    </p>
  )
}

function OwnModels() {
  return (
    <details>
      <summary>Your own models and memory limit</summary>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          saveEngineOptions(own.text.value, own.memory.value)
          location.reload()
        }}
      >
        <label>
          A list in the form of web-llm’s <code>model_list</code>, or its URL
          <textarea
            rows={5}
            spellcheck={false}
            placeholder='[{"model": "https://…", "model_id": "…", "model_lib": "https://…"}]'
            onInput={(event) => {
              own.text.value = event.currentTarget.value
            }}
          >
            {own.text.value}
          </textarea>
        </label>
        <label>
          The most memory a model may need, in MB
          <input
            inputMode="numeric"
            value={own.memory.value}
            placeholder="no limit"
            onInput={(event) => {
              own.memory.value = event.currentTarget.value
            }}
          />
        </label>
        <button type="submit">Save and reload</button>
      </form>
    </details>
  )
}
