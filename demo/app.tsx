import { ActivityView } from './activity/view.tsx'
import { CaptureBadge } from './captures/badge.tsx'
import { CapturesView } from './captures/view.tsx'
import { Chat } from './chat.tsx'
import { column } from './columns.ts'
import { ConnectView } from './connect/view.tsx'
import { gpu } from './engine.ts'
import { EnginesView } from './engines/view.tsx'
import { KeysView } from './keys/view.tsx'
import { Models } from './models.tsx'
import { Navigation } from './nav.tsx'
import { StartView } from './start/view.tsx'
import { hashOf, type ViewName, view } from './views.ts'
import { WireView } from './wire.tsx'

const TABS = [
  ['models', 'Models'],
  ['chat', 'Chat'],
  ['wire', 'Stream'],
] as const

const SHOWN = {
  start: StartView,
  chat: ChatView,
  connect: ConnectView,
  activity: ActivityView,
  engines: EnginesView,
  keys: KeysView,
  captures: CapturesView,
} satisfies Record<ViewName, () => unknown>

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

function ChatView() {
  return (
    <>
      <nav class="tabs" aria-label="Columns">
        {TABS.map(([name, title]) => (
          <button
            type="button"
            key={name}
            aria-pressed={column.value === name}
            onClick={() => {
              column.value = name
            }}
          >
            {title}
          </button>
        ))}
      </nav>
      <div class="columns" data-tab={column.value}>
        <aside class="models" aria-label="Models">
          <Models />
        </aside>
        <main class="chat">
          <Chat />
        </main>
        <aside class="wire" aria-label="Stream">
          <WireView />
        </aside>
      </div>
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
