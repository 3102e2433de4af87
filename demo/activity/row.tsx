import { useComputed } from '@preact/signals'
import type { Activity } from '../../src/wire/activity/schema.ts'
import { timeText } from '../format.ts'
import { clock } from '../keys/clock.ts'
import { hashOf, item } from '../views.ts'
import { focused, tabStop } from './filters.ts'
import { Mark } from './mark.tsx'
import { Sparkline } from './sparkline.tsx'
import type { Row } from './store.ts'
import { countText, durationText, loadedShare, noteOf, sentenceOf, timeOfDay } from './words.ts'

/** One request: a link that opens it. */
export function RequestRow({ row }: { row: Row }) {
  const record = row.record.value
  const isOpen = item.value === row.id
  const isEnded = record.state === 'ended'
  const isTabStop = useComputed(() => tabStop.value === row.id)
  return (
    <li>
      <a
        class={isEnded ? 'request ended' : 'request'}
        href={hashOf('activity', row.id)}
        data-id={row.id}
        aria-label={sentenceOf(record)}
        tabIndex={isTabStop.value ? 0 : -1}
        onFocus={() => {
          focused.value = row.id
        }}
        aria-current={isOpen ? 'true' : undefined}
      >
        <StateCell row={row} />
        <span class="cell model">
          <strong>{record.model ?? record.path}</strong>
          <small>{record.engine ?? record.api ?? record.method}</small>
        </span>
        <span class="cell who">
          <span>{record.key ?? 'no key'}</span>
          <small title={record.client}>{record.client ?? ''}</small>
        </span>
        <span class="cell number tokens">
          <span>{record.tokens === 0 && !isEnded ? '–' : countText(record.tokens)}</span>
          <small>{rateOf(row)}</small>
        </span>
        <span class="cell number first">
          {record.firstTokenMs === undefined ? '–' : timeText(record.firstTokenMs)}
        </span>
        <span class="cell pauses">
          <Sparkline row={row} />
        </span>
        <span class="cell number time">
          {isEnded ? durationText(record.durationMs) : <Running row={row} />}
          <small>{timeOfDay(record.arrived)}</small>
        </span>
        <Why row={row} />
      </a>
    </li>
  )
}

function StateCell({ row }: { row: Row }) {
  const record = row.record.value
  const note = record.state === 'ended' ? statusOf(row) : noteOf(asNow(row))
  return (
    <span class="cell state">
      <Mark record={record} />
      {note && <small title={record.progress}>{note}</small>}
      <Bar row={row} />
    </span>
  )
}

/** How far the model is loaded, or the part of its time for which the client has not read. */
function Bar({ row }: { row: Row }) {
  const record = asNow(row)
  const { state, blockedMs = 0, durationMs } = record
  if (state === 'blocked') {
    return <progress class="blocked" max={Math.max(durationMs, 1)} value={blockedMs} />
  }
  const share = state === 'loading' ? loadedShare(record) : undefined
  return share === undefined ? null : <progress max={1} value={share} />
}

function rateOf({ record }: Row): string {
  const { rate, state, durationMs, firstTokenMs, tokens } = record.value
  if (state !== 'ended') return rate === undefined ? '' : `${Math.round(rate)}/s`
  const seconds = (durationMs - (firstTokenMs ?? durationMs)) / 1_000
  return seconds > 0.1 && tokens > 1 ? `${(tokens / seconds).toFixed(1)}/s` : ''
}

function statusOf({ record }: Row): string {
  const { status, repairs = [] } = record.value
  const repaired = repairs.length > 0 ? `${repairs.length} repaired` : ''
  return [status, repaired].filter(Boolean).join(' · ')
}

/** The code and the message of what went wrong. */
function Why({ row }: { row: Row }) {
  const { code, message, failures = [] } = row.record.value
  if (!code && !message && failures.length === 0) return null
  const earlier = failures.length > 0 && `Failed before: ${failures.join(', ')}.`
  return (
    <span class="cell why">
      {code && <code>{code}</code>} {message} {earlier}
    </span>
  )
}

/** Time goes on, also where nothing is told of a request. */
function Running({ row }: { row: Row }) {
  return <>{durationText(row.record.value.durationMs + sinceSeen(row))}</>
}

/** The record as it is by now, for a client that goes on not reading. */
function asNow(row: Row): Activity {
  const record = row.record.value
  if (record.state !== 'blocked') return record
  const { blockedMs = 0, durationMs } = record
  const more = sinceSeen(row)
  return { ...record, blockedMs: blockedMs + more, durationMs: durationMs + more }
}

function sinceSeen({ seenAt }: Row): number {
  return Math.max(0, clock.value - seenAt)
}
