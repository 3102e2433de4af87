import { useEffect, useRef } from 'preact/hooks'
import {
  conversations,
  current,
  currentId,
  deleteConversation,
  isStreaming,
  type Said,
  startConversation,
} from '../state.ts'
import { exportJson, exportMarkdown } from './export.ts'
import { dropImages } from './image-store.ts'

/** The conversations, and what can be done with the one that is shown. */
export function Conversations() {
  const { id, messages } = current.value
  return (
    <div class="conversations">
      <select
        aria-label="Conversation"
        value={id}
        onChange={(event) => {
          currentId.value = event.currentTarget.value
        }}
      >
        {conversations.value.map((each) => (
          <option key={each.id} value={each.id}>
            {titleOf(each.messages)}
          </option>
        ))}
      </select>
      <button type="button" class="quiet" onClick={startConversation} disabled={isStreaming.value}>
        New
      </button>
      {messages.length > 0 && <Export />}
      <button
        type="button"
        class="quiet"
        onClick={() => {
          deleteConversation(id)
          void dropImages(messages)
        }}
        disabled={isStreaming.value}
      >
        Delete
      </button>
    </div>
  )
}

function Export() {
  const menu = useRef<HTMLDetailsElement>(null)
  const close = () => {
    if (menu.current) menu.current.open = false
  }
  useEffect(() => {
    const closeOutside = ({ target }: Event) => {
      if (!menu.current?.contains(target as Node)) close()
    }
    addEventListener('pointerdown', closeOutside)
    return () => removeEventListener('pointerdown', closeOutside)
  }, [])
  const choose = (save: (conversation: typeof current.value) => Promise<void>) => () => {
    close()
    void save(current.value)
  }
  return (
    <details
      class="menu"
      ref={menu}
      onKeyDown={(event) => {
        if (event.key !== 'Escape' || !menu.current?.open) return
        event.stopPropagation()
        close()
        menu.current.querySelector('summary')?.focus()
      }}
    >
      <summary>Export</summary>
      <div>
        <button type="button" class="quiet" onClick={choose(exportMarkdown)}>
          Markdown
        </button>
        <button type="button" class="quiet" onClick={choose(exportJson)}>
          JSON
        </button>
      </div>
    </details>
  )
}

function titleOf([first]: Said[]): string {
  if (first === undefined) return 'New conversation'
  const text = first.content || 'An image'
  return text.length > 40 ? `${text.slice(0, 40)}…` : text
}
