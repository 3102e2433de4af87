import type { Activity } from '../../src/wire/activity/schema.ts'
import { markOf, STATE_MEANINGS, wordOf } from './words.ts'

/** A shape for each state and outcome, so that none is told by its colour alone. */
const SHAPES: Record<string, string> = {
  reading: 'M6 1v7M2.5 5 6 8.5 9.5 5M1.5 11h9',
  queued: 'M2 1.5h8M2 10.5h8M3 1.5c0 3 3 3 3 4.5s-3 1.5-3 4.5M9 1.5c0 3-3 3-3 4.5s3 1.5 3 4.5',
  loading: 'M6 1v2.5M6 8.5v2.5M1 6h2.5M8.5 6h2.5M2.5 2.5l1.7 1.7M7.8 7.8l1.7 1.7',
  prefill: 'M1.5 2.5h9M1.5 6h9M1.5 9.5h4',
  streaming: 'M3 1.5v9l7-4.5z',
  blocked: 'M3.5 1.5v9M8.5 1.5v9',
  stalled: 'M6 1 11.3 10.5H.7zM6 4.5v2.5M6 8.8v.2',
  finished: 'M1.5 6.5 4.7 9.7 10.5 2.5',
  ok: 'M1.5 6.5 4.7 9.7 10.5 2.5',
  failed: 'M2 2l8 8M10 2l-8 8',
  refused: 'M6 1a5 5 0 1 0 .01 0zM2.5 2.5l7 7',
  cancelled: 'M2.5 2.5h7v7h-7z',
}

/** The state or the outcome: a shape, a colour and a word. */
export function Mark({ record }: { record: Activity }) {
  const name = markOf(record)
  return (
    <span class="mark" data-state={name} title={STATE_MEANINGS[name]}>
      <svg viewBox="0 0 12 12" aria-hidden="true">
        <path d={SHAPES[name] ?? SHAPES.cancelled} />
      </svg>
      {wordOf(record)}
    </span>
  )
}
