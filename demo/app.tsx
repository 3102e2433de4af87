import { signal } from '@preact/signals'
import { Chat } from './chat.tsx'
import { gpu } from './engine.ts'
import { Models } from './models.tsx'
import { service } from './service.ts'
import { WireView } from './wire.tsx'

/** The column that a narrow screen shows. */
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
          API reference
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

/** What does not work in this browser, and what to do about it. */
function Notice() {
  const problems = [gpu.value, service.value].filter((each) => each.state === 'missing')
  if (problems.length === 0) return null
  return (
    <div class="notice" role="alert">
      {problems.map(({ why, remedy }) => (
        <p key={why}>
          <strong>{why}</strong> {remedy}
        </p>
      ))}
    </div>
  )
}
