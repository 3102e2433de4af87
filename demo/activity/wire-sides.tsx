import { signal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { Frames } from '../frames/frames.tsx'
import { type Seen, showEngineSide } from './watch.ts'

const SIDES = [
  ['client', 'To the client'],
  ['engine', 'From the engine'],
] as const

const side = signal<'client' | 'engine'>('client')

/** The bytes as frames: those sent to the client, and for admins those that came from the engine. */
export function Wire({ now }: { now: Seen }) {
  const { id, frames, received, record, recording, lost } = now
  const isCaptured = recording !== undefined && record?.capture !== undefined
  const hasEngineSide = received !== undefined || isCaptured
  const isEngine = side.value === 'engine' && hasEngineSide
  const isMissing = isEngine && received === undefined
  useEffect(() => {
    if (isMissing) void showEngineSide(now)
  }, [id, isMissing])
  if (frames.length === 0 && received === undefined) return null
  // While they come, fewer: each update draws the list again.
  const most = record?.state === 'ended' ? 300 : 100
  const shown = isEngine ? (received ?? []) : frames
  return (
    <section aria-label="Stream">
      <div class="wire-head">
        <h3>
          Stream <small>{shown.length} events</small>
        </h3>
        {hasEngineSide &&
          SIDES.map(([name, title]) => (
            <button
              type="button"
              key={name}
              class="quiet"
              aria-pressed={(isEngine ? 'engine' : 'client') === name}
              onClick={() => {
                side.value = name
              }}
            >
              {title}
            </button>
          ))}
      </div>
      {lost > 0 && <p class="weak">{lost} pieces were left out, as the page did not keep up.</p>}
      {isEngine && shown.length === 0 && !isMissing && (
        <p class="weak">Nothing came from an engine: this one answers within sluice.</p>
      )}
      <Frames
        key={isEngine ? 'engine' : 'client'}
        frames={shown}
        label="Events of the request"
        most={most}
      />
    </section>
  )
}
