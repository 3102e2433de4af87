import { signal } from '@preact/signals'
import { Chat } from './chat.tsx'
import { gpu } from './engine.ts'
import { Models } from './models.tsx'
import { service } from './service.ts'
import { WireView } from './wire.tsx'

/** What a phone shows: there is room for one of the three. */
const tab = signal<'models' | 'chat' | 'wire'>('chat')

const TABS = [
  ['models', 'Models'],
  ['chat', 'Chat'],
  ['wire', 'Stream'],
] as const

export function App() {
  return (
    <>
      <header>
        <h1>sluice</h1>
        <Status />
        <a class="weak" href="openapi.html">
          The API
        </a>
      </header>
      <Notice />
      <div class="columns" data-tab={tab.value}>
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
      <nav class="tabs" aria-label="Views">
        {TABS.map(([name, title]) => (
          <button
            type="button"
            key={name}
            aria-pressed={tab.value === name}
            onClick={() => {
              tab.value = name
            }}
          >
            {title}
          </button>
        ))}
      </nav>
    </>
  )
}

function Status() {
  const { state } = gpu.value
  const text =
    gpu.value.state === 'ready'
      ? `WebGPU${gpu.value.name ? `: ${gpu.value.name}` : ' works here'}`
      : state === 'checking'
        ? 'Looking for a GPU…'
        : 'No WebGPU here'
  return (
    <p class={`status ${state}`} role="status">
      {text}
    </p>
  )
}

/** Why something does not work here, and what to do. */
function Notice() {
  const troubles = [gpu.value, service.value].filter((each) => each.state === 'missing')
  if (troubles.length === 0) return null
  return (
    <div class="notice" role="alert">
      {troubles.map(({ why, remedy }) => (
        <p key={why}>
          <strong>{why}</strong> {remedy}
        </p>
      ))}
    </div>
  )
}
