import { Chat } from './chat.tsx'
import { column } from './columns.ts'
import { Models } from './models.tsx'
import { WireView } from './wire.tsx'

const TABS = [
  ['models', 'Models'],
  ['chat', 'Chat'],
  ['wire', 'Stream'],
] as const

/** The models, the chat and the stream's events: beside each other, or one at a time on a narrow screen. */
export function ChatView() {
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
