import { signal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { Answer } from './answer.tsx'
import { timeText } from './format.ts'
import { regenerate, removeFrom, send, stop } from './send.ts'
import {
  answering,
  conversations,
  current,
  currentId,
  deleteConversation,
  isConnectionLost,
  isStreaming,
  model,
  note,
  options,
  type Said,
  startConversation,
} from './state.ts'

const draft = signal('')

export function Chat() {
  const { messages } = current.value
  const list = useRef<HTMLDivElement>(null)
  // The list follows the answer until the user scrolls up.
  const isAtEnd = useRef(true)
  const top = useRef(0)
  useEffect(() => {
    const place = list.current
    if (messages && place && isAtEnd.current) place.scrollTop = place.scrollHeight
  }, [messages])
  return (
    <>
      <Conversations />
      <div
        class="messages"
        role="log"
        aria-live="polite"
        aria-label="Conversation"
        ref={list}
        onScroll={({ currentTarget: { scrollTop, scrollHeight, clientHeight } }) => {
          // Text that is added below is not a scroll by the user.
          if (scrollTop < top.current) isAtEnd.current = false
          if (scrollHeight - scrollTop - clientHeight < 80) isAtEnd.current = true
          top.current = scrollTop
        }}
      >
        {messages.length === 0 && <Empty />}
        {messages.map((said, index) => (
          <Message
            key={`${current.value.id} ${index}`}
            said={said}
            index={index}
            isLast={index === messages.length - 1}
          />
        ))}
      </div>
      <Composer />
    </>
  )
}

function Empty() {
  return (
    <div class="empty">
      <p>
        Write a message. <strong>{model.value || 'The model'}</strong> streams its answer, and the
        events of the stream are shown as they arrive.
      </p>
      {!model.value && <p class="weak">Choose a model to begin.</p>}
    </div>
  )
}

function Message({ said, index, isLast }: { said: Said; index: number; isLast: boolean }) {
  const isLive = isLast && answering.value === current.value.id
  return (
    <article class={`message ${said.role}`}>
      <h3 class="hidden">{said.role === 'user' ? 'You' : 'The model'}</h3>
      {said.reasoning && (
        <details class="reasoning">
          <summary>Reasoning</summary>
          <p>{said.reasoning}</p>
        </details>
      )}
      {said.role === 'user' ? <p class="words">{said.content}</p> : <Answer text={said.content} />}
      {isLive && <Progress said={said} />}
      {said.error && (
        <p class="error" role="alert">
          {said.error}
        </p>
      )}
      <footer>
        {said.stats && <StatsLine said={said} />}
        {!isStreaming.value && said.role === 'user' && (
          <button
            type="button"
            class="quiet"
            onClick={() => {
              draft.value = removeFrom(index)
            }}
          >
            Edit
          </button>
        )}
        {!isStreaming.value && said.role === 'assistant' && (
          <button
            type="button"
            class="quiet"
            onClick={() => void navigator.clipboard?.writeText(said.content)}
          >
            Copy
          </button>
        )}
        {!isStreaming.value && isLast && said.role === 'assistant' && (
          <button type="button" class="quiet" onClick={() => void regenerate()}>
            Regenerate
          </button>
        )}
      </footer>
    </article>
  )
}

/** What is known of an answer that is being received, where its text does not show it. */
function Progress({ said }: { said: Said }) {
  if (isConnectionLost.value) {
    return (
      <p class="weak waiting" role="status">
        connection lost, resuming…
      </p>
    )
  }
  if (said.content !== '') return null
  return <p class="weak waiting">{note.value || 'waiting for the first token'}</p>
}

function StatsLine({ said: { stats, outcome } }: { said: Said }) {
  if (stats === undefined) return null
  const { first, tokens, rate } = stats
  const facts = [
    `first token ${timeText(first)}`,
    `${tokens} tokens`,
    rate > 0 && `${rate.toFixed(1)} tokens/s`,
    outcome,
  ]
  return <span class="weak">{facts.filter(Boolean).join(' · ')}</span>
}

function Composer() {
  const submit = () => {
    const text = draft.value.trim()
    if (text === '' || isStreaming.value || !model.value) return
    draft.value = ''
    void send(text)
  }
  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault()
        submit()
      }}
    >
      <textarea
        rows={2}
        aria-label="Message"
        placeholder={model.value ? `Message ${model.value}` : 'Choose a model first'}
        value={draft.value}
        onInput={(event) => {
          draft.value = event.currentTarget.value
        }}
        onKeyDown={(event) => {
          if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return
          event.preventDefault()
          submit()
        }}
      />
      {isStreaming.value ? (
        <button type="button" onClick={stop}>
          Stop
        </button>
      ) : (
        <button type="submit" disabled={!model.value || draft.value.trim() === ''}>
          Send
        </button>
      )}
      <Options />
    </form>
  )
}

const FIELDS = [
  ['temperature', 'Temperature', '0 to 2'],
  ['top_p', 'Top p', '0 to 1'],
  ['max_tokens', 'Max tokens', 'no limit'],
] as const

function Options() {
  const set = (name: string, value: string) => {
    options.value = { ...options.value, [name]: value }
  }
  return (
    <details class="options">
      <summary>Settings</summary>
      <label>
        System prompt
        <textarea
          rows={2}
          value={options.value.system}
          onInput={(event) => set('system', event.currentTarget.value)}
        />
      </label>
      <div class="row">
        {FIELDS.map(([name, title, hint]) => (
          <label key={name}>
            {title}
            <input
              inputMode="decimal"
              placeholder={hint}
              value={options.value[name]}
              onInput={(event) => set(name, event.currentTarget.value)}
            />
          </label>
        ))}
      </div>
    </details>
  )
}

function Conversations() {
  const titleOf = ([first]: Said[]) => {
    if (!first?.content) return 'New conversation'
    return first.content.length > 40 ? `${first.content.slice(0, 40)}…` : first.content
  }
  return (
    <div class="conversations">
      <select
        aria-label="Conversation"
        value={current.value.id}
        onChange={(event) => {
          currentId.value = event.currentTarget.value
        }}
      >
        {conversations.value.map(({ id, messages }) => (
          <option key={id} value={id}>
            {titleOf(messages)}
          </option>
        ))}
      </select>
      <button type="button" class="quiet" onClick={startConversation} disabled={isStreaming.value}>
        New
      </button>
      <button
        type="button"
        class="quiet"
        onClick={() => deleteConversation(current.value.id)}
        disabled={isStreaming.value}
      >
        Delete
      </button>
    </div>
  )
}
