import { Component } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import type { Frame } from '../api.ts'
import { summaryOf } from './summary.ts'

/** The most rows in the list, as more make the page slow; all events are counted and plotted. */
const SHOWN = 300

/** What each kind is called. Text needs no word: it is what most frames have. */
const KINDS: Partial<Record<string, string>> = {
  reasoning: 'reasoning',
  call: 'call',
  finish: 'finish',
  usage: 'usage',
  error: 'error',
  comment: 'comment',
  end: 'end',
  event: 'event',
  unreadable: 'data',
}

interface FramesProps {
  frames: readonly Frame[]
  label?: string
  /** The most rows. */
  most?: number | undefined
}

/** The events of a stream as they were sent: what each adds first, and all of it when it is opened. */
export function Frames({ frames, label = 'Events', most = SHOWN }: FramesProps) {
  const list = useRef<HTMLOListElement>(null)
  const isAtEnd = useRef(true)
  useEffect(() => {
    if (list.current && isAtEnd.current) list.current.scrollTop = list.current.scrollHeight
  }, [frames.length])
  if (frames.length === 0) return null
  const hidden = Math.max(0, frames.length - most)
  return (
    <>
      {hidden > 0 && <p class="weak">{hidden} earlier events are not shown.</p>}
      <ol
        class="frames"
        ref={list}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls by keyboard
        tabIndex={0}
        aria-label={label}
        onScroll={({ currentTarget: { scrollTop, scrollHeight, clientHeight } }) => {
          isAtEnd.current = scrollHeight - scrollTop - clientHeight < 40
        }}
      >
        {frames.slice(hidden).map((frame, index) => (
          <FrameRow key={hidden + index} frame={frame} before={frames[hidden + index - 1]} />
        ))}
      </ol>
    </>
  )
}

/** A component that is drawn once: a frame never changes. */
class FrameRow extends Component<{ frame: Frame; before: Frame | undefined }> {
  override shouldComponentUpdate(next: { frame: Frame }): boolean {
    return next.frame !== this.props.frame
  }

  override render() {
    const { frame, before } = this.props
    const { kind, text } = summaryOf(frame)
    const word = KINDS[kind]
    return (
      <li class={kind}>
        <span class="at">
          {frame.at.toFixed(1)}
          <small> +{(frame.at - (before?.at ?? 0)).toFixed(1)} ms</small>
        </span>
        <details>
          <summary>
            {word && <span class="kind">{word}</span>}
            <span class="delta">{kind === 'text' ? visible(text) : text}</span>
          </summary>
          <code>{frame.text.trimEnd()}</code>
        </details>
      </li>
    )
  }
}

/** A text with its line ends shown, as a delta is often nothing else. */
function visible(text: string): string {
  return text.replaceAll('\n', '⏎')
}
