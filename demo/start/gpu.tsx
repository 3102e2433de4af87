import { type Gpu, gpu, loading, loadModel } from '../engine.ts'
import { bytesText } from '../format.ts'
import { contextText } from '../model-context.ts'
import { LoadingBar } from '../models.tsx'
import { cached, models } from '../state.ts'
import { hashOf } from '../views.ts'
import { chatWith, showModels } from './found.ts'
import { type Device, deviceOf, type Pick, picksOf } from './picks.ts'

const DEVICES: Record<Device, string> = {
  phone: 'Phone, tablet',
  laptop: 'Laptop, 8 GB',
  desktop: '16 GB and more',
  embedding: 'For embeddings',
}

/** Gigabytes; only some browsers say. */
const { deviceMemory } = navigator as { deviceMemory?: number }

/** The models that this browser's GPU can run, or why it runs none. */
export function GpuModels() {
  const now = gpu.value
  return (
    <section class={`card gpu ${now.state}`} aria-labelledby="gpu-title">
      <div class="card-head">
        <h3 id="gpu-title">On this browser’s GPU</h3>
        {now.state === 'ready' && now.name !== '' && <span class="weak">{now.name}</span>}
      </div>
      {now.state === 'checking' && <p class="weak">Checking for WebGPU…</p>}
      {now.state === 'missing' && <p class="weak">{problem(now)}</p>}
      {now.state === 'ready' && <Picks />}
    </section>
  )
}

/** Why there is no GPU, and what to do. */
export function problem({ why, remedy }: Extract<Gpu, { state: 'missing' }>): string {
  if (!isSecureContext) {
    return 'No model can run in this browser, since it allows WebGPU only on pages from https or localhost: open it as http://localhost:… on the machine that serves it, and on a phone or another device by an address that begins with https. The documentation has ways to serve one at home, under “HTTPS, for use from other devices”.'
  }
  if (!('gpu' in navigator)) {
    return 'No model can run in this browser, since it has no WebGPU: use a current Chrome, Edge or Safari, or Firefox on Windows or macOS.'
  }
  if (/no GPU/.test(why)) {
    return 'No model can run in this browser, since it finds no GPU: turn on hardware acceleration in its settings; on Linux, Chrome may need chrome://flags/#enable-unsafe-webgpu.'
  }
  return `${why} ${remedy}`
}

/** Whether the browser computes WebGPU on the processor. */
function isSoftware(now: Gpu): boolean {
  return now.state === 'ready' && /swiftshader|llvmpipe|basic render/i.test(now.name)
}

function Picks() {
  const local = (models.value ?? []).filter(({ owned_by }) => owned_by === 'web-llm')
  if (models.value === undefined) return <p class="weak">Loading the list of models…</p>
  const picks = picksOf(local, deviceMemory)
  const isSlow = isSoftware(gpu.value)
  const isSmall = isSlow || matchMedia('(pointer: coarse)').matches
  const own = deviceOf(isSmall, deviceMemory)
  return (
    <>
      <p class="weak">
        A model is downloaded once and then answers within this browser, without a server.
        {isSlow && ' Here it is computed by the processor rather than a GPU, which is slow.'}
      </p>
      <LoadingBar />
      <ul class="picks">
        {picks.map((pick) => (
          <Entry key={pick.model.id} pick={pick} isOwn={pick.device === own} />
        ))}
      </ul>
      <p>
        <a href={hashOf('chat')} onClick={showModels}>
          {picks.length === 0 ? `The ${local.length} models` : `All ${local.length} models`} that
          this GPU can run
        </a>
      </p>
    </>
  )
}

function Entry({ pick, isOwn }: { pick: Pick; isOwn: boolean }) {
  const { device, title, model, download, fits } = pick
  const isWhole = cached.value.get(model.id)?.isWhole ?? false
  const facts = [
    isWhole ? 'on this device' : `download about ${bytesText(download)}`,
    model.memory_mb !== undefined && `needs ${bytesText(model.memory_mb * 1e6)} of memory`,
    contextText(model),
    model.tools && 'calls tools',
    fits === true && 'fits this device',
    fits === false && `may be too large: this device says it has ${deviceMemory} GB`,
  ].filter(Boolean)
  return (
    <li>
      <div>
        <p>
          <strong>{title}</strong> <span class="tag">{DEVICES[device]}</span>
        </p>
        <p class="weak">{facts.join(' · ')}</p>
      </div>
      {model.loaded && device === 'embedding' && <span class="weak">ready for v1/embeddings</span>}
      {model.loaded && device !== 'embedding' && (
        <button type="button" onClick={() => void chatWith(model.id)}>
          Chat<span class="hidden"> with {title}</span>
        </button>
      )}
      {!model.loaded && (
        <button
          type="button"
          class={isOwn ? '' : 'plain'}
          disabled={loading.value !== undefined && !loading.value.error}
          onClick={() => loadModel(model.id)}
        >
          {isWhole ? 'Load' : 'Download'}
          <span class="hidden"> {title}</span>
        </button>
      )}
    </li>
  )
}
