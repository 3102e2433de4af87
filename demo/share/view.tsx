import { useEffect } from 'preact/hooks'
import { hasServer, isChecked, isServerAdmin } from '../api.ts'
import { gpu } from '../engine.ts'
import { Key } from '../key.tsx'
import { problem } from '../start/gpu.tsx'
import { offer } from './choice.ts'
import { CodeField, Paired } from './code-field.tsx'
import { Devices } from './devices.tsx'
import { followBattery } from './energy.ts'
import { Limits } from './limits.tsx'
import { OfferedModels } from './models.tsx'
import { redeemLink } from './pairing.ts'
import { followOthers } from './shared.ts'
import { LinkState } from './state.tsx'
import { useSeconds } from './use-seconds.ts'

export function ShareView() {
  useSeconds()
  useEffect(() => {
    followOthers()
    void followBattery()
  }, [])
  useEffect(redeemLink, [offer.value])
  return (
    <main class="view" aria-label="Share this GPU">
      <div class="share">
        <div>
          <h2>Share this GPU</h2>
          <p class="intro">
            Let this browser’s GPU answer the programs that ask this server: curl, an SDK, a coding
            agent. It works as long as this page is open, and what they ask is read here.
          </p>
        </div>
        {isChecked.value && !hasServer.value ? <NoServer /> : <Own />}
        {isServerAdmin.value && <Devices />}
        {hasServer.value && !isServerAdmin.value && <AdminKey />}
      </div>
    </main>
  )
}

/** What concerns this browser itself. */
function Own() {
  const now = gpu.value
  if (now.state === 'missing') return <p class="empty-state">{problem(now)}</p>
  if (now.state === 'checking') return <p class="weak">Checking for WebGPU…</p>
  return (
    <>
      <Paired />
      <LinkState />
      <CodeField />
      <OfferedModels />
      <Limits />
    </>
  )
}

function NoServer() {
  return (
    <p class="empty-state">
      There is no sluice behind this page, so no program could ask this GPU. Start sluice, and open
      the page that it serves.
    </p>
  )
}

/** A browser that only offers has no key that asks: then nothing is missing. */
function AdminKey() {
  return (
    <details>
      <summary>Pair another device</summary>
      <p class="weak">
        With an admin key this page pairs devices, as <code>sluice pair NAME</code> does.
      </p>
      <Key />
    </details>
  )
}
