import type { ComponentType } from 'preact'
import { CaptureBadge } from './captures/badge.tsx'
import { gpu } from './engine.ts'
import { lazyView } from './lazy-view.tsx'
import { Navigation } from './nav.tsx'
import { StartView } from './start/view.tsx'
import { hashOf, type ViewName, view } from './views.ts'

/** Markdown and what makes it safe are half of this page's code. */
async function loadChat() {
  return (await import('./chat-view.tsx')).ChatView
}

/** Loads the chat when nothing else is to do, so that it opens at once. */
export function prepareChat(): void {
  const load = () => void loadChat().catch(() => {})
  // Safari has none.
  if (typeof requestIdleCallback === 'function') requestIdleCallback(load, { timeout: 5_000 })
  else setTimeout(load, 1_000)
}

/** The first is shown first; the others are loaded when they are asked for. */
const SHOWN = {
  start: StartView,
  chat: lazyView('Chat', loadChat),
  connect: lazyView('Connect', async () => (await import('./connect/view.tsx')).ConnectView),
  share: lazyView('Share this GPU', async () => (await import('./share/parts.ts')).ShareView),
  activity: lazyView('Activity', async () => (await import('./activity/view.tsx')).ActivityView),
  engines: lazyView('Engines', async () => (await import('./engines/view.tsx')).EnginesView),
  keys: lazyView('Keys', async () => (await import('./keys/view.tsx')).KeysView),
  captures: lazyView('Captures', async () => (await import('./captures/view.tsx')).CapturesView),
} satisfies Record<ViewName, ComponentType>

export function App() {
  const Shown = SHOWN[view.value]
  return (
    <>
      <header>
        <h1>
          <a href={hashOf('start')}>sluice</a>
        </h1>
        <Navigation />
        <CaptureBadge />
        <Status />
        <a class="weak" href="openapi.html">
          API reference
        </a>
      </header>
      <Shown />
    </>
  )
}

function Status() {
  const { state } = gpu.value
  const text =
    gpu.value.state === 'ready'
      ? `WebGPU${gpu.value.name ? `: ${gpu.value.name}` : ' is available'}`
      : state === 'checking'
        ? 'Checking for WebGPU…'
        : 'WebGPU is not available'
  return (
    <p class={`status ${state}`} role="status">
      {text}
    </p>
  )
}
