import { signal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { Composer } from './chat/composer.tsx'
import { Conversations } from './chat/conversations.tsx'
import { attach } from './chat/draft.ts'
import { Empty } from './chat/empty.tsx'
import { Message } from './chat/message.tsx'
import { isNotStored } from './persisted-signal.ts'
import { stop } from './send.ts'
import { answering, current, isStreaming } from './state.ts'

/** Whether files are being dragged over the page. */
const isDragging = signal(false)

export function Chat() {
  useEffect(listen, [])
  return (
    <>
      <Conversations />
      {isNotStored.value && (
        <p class="weak" role="status">
          The browser does not store this: its storage is full or disabled. Export what you want to
          keep, and delete old conversations.
        </p>
      )}
      <Messages />
      <Announcement />
      <Composer />
      {isDragging.value && <p class="drop">Drop images to attach them</p>}
    </>
  )
}

function Messages() {
  const { id, messages } = current.value
  const list = useRef<HTMLDivElement>(null)
  const inside = useRef<HTMLDivElement>(null)
  // The list follows the answer until the user scrolls up.
  const isAtEnd = useRef(true)
  const top = useRef(0)
  useEffect(() => {
    isAtEnd.current = true
    // Not only the answer: images and coloured code grow too.
    const grown = new ResizeObserver(() => {
      const place = list.current
      if (place && isAtEnd.current) place.scrollTop = place.scrollHeight
    })
    if (inside.current) grown.observe(inside.current)
    return () => grown.disconnect()
  }, [id])
  return (
    <div
      class="messages"
      role="log"
      // Not word by word: the announcement says when an answer has begun and ended.
      aria-live="off"
      aria-label="Conversation"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls by keyboard
      tabIndex={0}
      ref={list}
      onScroll={({ currentTarget: { scrollTop, scrollHeight, clientHeight } }) => {
        // Text that is added below is not a scroll by the user.
        if (scrollTop < top.current) isAtEnd.current = false
        if (scrollHeight - scrollTop - clientHeight < 80) isAtEnd.current = true
        top.current = scrollTop
      }}
    >
      <div class="inside" ref={inside}>
        {messages.length === 0 && <Empty />}
        {messages.map((said, index) => (
          <Message
            key={`${id} ${index}`}
            said={said}
            index={index}
            isLast={index === messages.length - 1}
          />
        ))}
      </div>
    </div>
  )
}

/** What a screen reader says of an answer: that it is coming, and how it ended. */
function Announcement() {
  const last = current.value.messages.at(-1)
  const isLive = answering.value === current.value.id
  return (
    <p class="hidden" role="status">
      {isLive ? 'The model is answering.' : (last?.outcome && ENDS[last.outcome]) || ''}
    </p>
  )
}

const ENDS = {
  finished: 'The answer is complete.',
  failed: 'The answer failed.',
  cancelled: 'The answer was stopped.',
}

/** Escape stops an answer, and files may be dropped anywhere: a browser would leave the page for them. */
function listen(): () => void {
  const ended = new AbortController()
  const { signal } = ended
  const hasFiles = ({ dataTransfer }: DragEvent) => dataTransfer?.types.includes('Files') ?? false
  const onKey = ({ key, defaultPrevented }: KeyboardEvent) => {
    if (key === 'Escape' && !defaultPrevented && isStreaming.value) stop()
  }
  const onDrag = (event: DragEvent) => {
    if (!hasFiles(event)) return
    event.preventDefault()
    isDragging.value = true
  }
  const onLeave = ({ relatedTarget }: DragEvent) => {
    if (relatedTarget === null) isDragging.value = false
  }
  const onDrop = (event: DragEvent) => {
    isDragging.value = false
    if (!hasFiles(event)) return
    event.preventDefault()
    void attach([...(event.dataTransfer?.files ?? [])])
  }
  addEventListener('keydown', onKey, { signal })
  addEventListener('dragover', onDrag, { signal })
  addEventListener('dragleave', onLeave, { signal })
  addEventListener('drop', onDrop, { signal })
  return () => ended.abort()
}
