import type { Tone } from './words.ts'

/** A shape for each tone, so that nothing depends on colours alone. */
const SHAPES: Record<Tone, string> = {
  // A filled circle.
  good: 'M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2z',
  // A triangle.
  warn: 'M8 1.5 15 14H1z',
  // A cross.
  bad: 'M3.5 1.5 8 6l4.5-4.5 2 2L10 8l4.5 4.5-2 2L8 10l-4.5 4.5-2-2L6 8 1.5 3.5z',
  // A ring.
  unknown: 'M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2zm0 2a4 4 0 1 0 0 8 4 4 0 0 0 0-8z',
}

/** A word with the shape and the colour of how good it is. */
export function Health({ word, tone }: { word: string; tone: Tone }) {
  return (
    <span class={`health ${tone}`}>
      <svg viewBox="0 0 16 16" width="12" height="12" aria-hidden="true">
        <path d={SHAPES[tone]} fill="currentColor" fill-rule="evenodd" />
      </svg>
      {word}
    </span>
  )
}
