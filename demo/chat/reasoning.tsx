import { useState } from 'preact/hooks'
import { Answer } from '../answer.tsx'
import type { Said } from '../state.ts'

/** The end of what a model thinks, which is shown while it thinks. */
const GLIMPSE = 240

/** The model's reasoning, folded; its last words while it thinks. */
export function Reasoning({ said, isLive }: { said: Said; isLive: boolean }) {
  const [isOpen, setIsOpen] = useState(false)
  const { reasoning = '', content, calls, thought = 0 } = said
  const isThinking = isLive && content === '' && calls === undefined
  const title = isThinking
    ? `Thinking… ${durationOf(thought)}`
    : `Thought for ${durationOf(thought)}`
  return (
    <>
      <details
        class="reasoning"
        onToggle={({ currentTarget }) => {
          setIsOpen(currentTarget.open)
        }}
      >
        <summary>{title}</summary>
        {isOpen && <Answer text={reasoning} isLive={isThinking} />}
      </details>
      {isThinking && !isOpen && (
        <p class="glimpse" aria-hidden="true">
          {reasoning.slice(-GLIMPSE)}
        </p>
      )}
    </>
  )
}

function durationOf(ms: number): string {
  if (ms < 60_000) return `${Math.round(ms / 1_000)} s`
  return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1_000)} s`
}
