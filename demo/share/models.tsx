import { signal } from '@preact/signals'
import type { Model } from '../api.ts'
import { gpuModels, loading, loadModel } from '../engine.ts'
import { bytesText } from '../format.ts'
import { LoadingBar } from '../models.tsx'
import { cached } from '../state.ts'
import { choice, choose } from './choice.ts'
import { isLoaded, isOnDevice } from './on-device.ts'
import { shared } from './shared.ts'

const picked = signal('')

/** The models of this device, which of them are offered, and one more to load. */
export function OfferedModels() {
  const all = gpuModels.value
  const here = all.filter(({ id }) => isOnDevice(id))
  const others = all.filter(({ id }) => !isOnDevice(id))
  return (
    <section class="card" aria-labelledby="share-models">
      <h3 id="share-models">Models that are offered</h3>
      <LoadingBar />
      {here.length === 0 && (
        <p class="weak">No model is on this device yet. Load one, and it is offered.</p>
      )}
      <ul class="share-models">
        {here.map(({ id }) => (
          <Entry key={id} id={id} />
        ))}
      </ul>
      {others.length > 0 && <LoadAnother ids={others.map(({ id }) => id)} />}
      <p class="weak">
        Programs can ask only for what is checked here, and asking downloads nothing.
      </p>
    </section>
  )
}

function Entry({ id }: { id: string }) {
  const { models } = choice.value
  const isOffered = models.includes(id)
  const bytes = cached.value.get(id)?.bytes
  const isReady = shared.value.models.some((each) => each.id === id)
  const facts = [
    isLoaded(id) ? 'on the GPU' : 'on this device, to be loaded first',
    bytes !== undefined && bytes > 0 && bytesText(bytes),
    isReady && (choice.value.paused ? 'offered again when you resume' : 'offered now'),
  ].filter(Boolean)
  return (
    <li>
      <label>
        <input
          type="checkbox"
          checked={isOffered}
          onChange={() => {
            choose({ models: isOffered ? models.filter((each) => each !== id) : [...models, id] })
          }}
        />
        <span class="name">{id}</span>
      </label>
      <p class="weak">{facts.join(' · ')}</p>
    </li>
  )
}

function LoadAnother({ ids }: { ids: readonly string[] }) {
  const id = ids.includes(picked.value) ? picked.value : (ids[0] ?? '')
  return (
    <form
      class="share-load"
      onSubmit={(event) => {
        event.preventDefault()
        offerModel(id)
      }}
    >
      <label>
        Model to download
        <select
          value={id}
          onChange={(event) => {
            picked.value = event.currentTarget.value
          }}
        >
          {ids.map((each) => (
            <option key={each} value={each}>
              {each}
              {sizeOf(each)}
            </option>
          ))}
        </select>
      </label>
      <button type="submit" class="plain" disabled={loading.value && !loading.value.error}>
        Download and offer
      </button>
    </form>
  )
}

function sizeOf(id: string): string {
  const model: Partial<Model> = gpuModels.value.find((each) => each.id === id) ?? {}
  const { download_bytes, memory_mb } = model
  if (download_bytes !== undefined) return ` (${bytesText(download_bytes)})`
  return memory_mb === undefined ? '' : ` (${bytesText(memory_mb * 1e6)} of memory)`
}

/** Loads a model because its owner wants to offer it. */
export function offerModel(id: string): void {
  const { models } = choice.value
  if (!models.includes(id)) choose({ models: [...models, id] })
  loadModel(id)
}
