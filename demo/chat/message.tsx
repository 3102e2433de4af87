import { signal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { Answer } from '../answer.tsx'
import { CopyButton } from '../copy-button.tsx'
import { timeText } from '../format.ts'
import { regenerate } from '../send.ts'
import { answering, current, isConnectionLost, isStreaming, note, type Said } from '../state.ts'
import { EditForm } from './edit.tsx'
import { Failure } from './failure.tsx'
import { images, loadImages } from './image-store.ts'
import { Reasoning } from './reasoning.tsx'
import { ToolCalls, ToolResult } from './tool-calls.tsx'

interface MessageProps {
  said: Said
  index: number
  isLast: boolean
}

/** The message that is being edited: its conversation and its place. */
const edited = signal('')

export function Message({ said, index, isLast }: MessageProps) {
  const { id } = current.value
  const isLive = isLast && answering.value === id
  const place = `${id} ${index}`
  if (said.role === 'tool') return <ResultMessage said={said} index={index} />
  if (said.role !== 'assistant' && edited.value === place && !isStreaming.value) {
    return <EditForm said={said} index={index} onEnd={() => (edited.value = '')} />
  }
  return (
    <article class={`message ${said.role}`} aria-busy={isLive}>
      <h3 class="hidden">{said.role === 'assistant' ? 'The model' : 'You'}</h3>
      {(said.reasoning || said.thought !== undefined) && <Reasoning said={said} isLive={isLive} />}
      <Pictures said={said} />
      {said.role === 'assistant' ? (
        <Answer text={said.content} isLive={isLive} />
      ) : (
        said.content !== '' && <p class="words">{said.content}</p>
      )}
      {said.calls && (
        <ToolCalls calls={said.calls} isOpen={isLast && !isLive && said.outcome === 'finished'} />
      )}
      {isLive && <Progress said={said} />}
      <Failure said={said} canRetry={isLast} />
      <footer>
        {said.stats && <StatsLine said={said} />}
        {!isStreaming.value && (
          <Actions said={said} isLast={isLast} onEdit={() => (edited.value = place)} />
        )}
      </footer>
    </article>
  )
}

function ResultMessage({ said, index }: { said: Said; index: number }) {
  const calls = current.value.messages.slice(0, index).findLast((each) => each.calls)?.calls
  const name = calls?.find(({ id }) => id === said.callId)?.name ?? 'a tool'
  return (
    <article class="message tool">
      <ToolResult said={said} name={name} />
    </article>
  )
}

function Pictures({ said }: { said: Said }) {
  const names = said.images
  useEffect(() => {
    if (names) void loadImages([said])
  }, [said])
  if (!names) return null
  return (
    <ul class="pictures" aria-label="Images">
      {names.map((name, index) => {
        const url = images.value.get(name)
        return (
          <li key={name}>
            {url && <img src={url} alt={`Attached, number ${index + 1}`} />}
            {url === '' && <small>This image is not stored any more.</small>}
          </li>
        )
      })}
    </ul>
  )
}

function Actions({ said, isLast, onEdit }: { said: Said; isLast: boolean; onEdit(): void }) {
  if (said.role === 'user') {
    return (
      <button type="button" class="quiet" onClick={onEdit}>
        Edit
      </button>
    )
  }
  if (said.role !== 'assistant') return null
  return (
    <span class="answer-actions">
      {said.content !== '' && <CopyButton text={() => said.content} name="this answer" />}
      {isLast && said.error === undefined && (
        <button type="button" class="quiet" onClick={() => void regenerate()}>
          Regenerate
        </button>
      )}
    </span>
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
  if (said.content !== '' || said.reasoning || said.calls) return null
  return <p class="weak waiting">{note.value || 'waiting for the first token'}</p>
}

function StatsLine({ said: { stats, outcome } }: { said: Said }) {
  if (stats === undefined) return null
  const { first, tokens, rate } = stats
  const facts = [
    `first token ${timeText(first)}`,
    tokens === 1 ? '1 token' : `${tokens} tokens`,
    rate > 0 && `${rate.toFixed(1)} tokens/s`,
    outcome,
  ]
  return <span class="weak">{facts.filter(Boolean).join(' · ')}</span>
}
