import { signal } from '@preact/signals'
import { clockText } from '../engines/history-plot.ts'
import { bytesText } from '../format.ts'
import { hashOf } from '../views.ts'
import type { Capture, Side } from './captures-api.ts'
import { check, checks, clear, download, list, missed, remove } from './captures-state.ts'
import { CheckResult } from './findings.tsx'

/** Whether the user is asked if all captures are to be deleted. */
const isAsking = signal(false)

export function CaptureList() {
  const all = list.value
  if (all === undefined) return <p class="weak">Loading…</p>
  if (all.length === 0) {
    return (
      <p class="weak">
        No captures. Start capturing above, then send a request: it appears here when it has ended.
      </p>
    )
  }
  const bytes = all.reduce((sum, each) => sum + each.bytes, 0)
  return (
    <>
      <div class="captures-head">
        <p>
          {all.length === 1 ? '1 capture' : `${all.length} captures`}, {bytesText(bytes)}
        </p>
        <Clear count={all.length} />
      </div>
      {missed.value > 0 && (
        <p class="weak captures-missed">
          {missed.value === 1 ? '1 request was' : `${missed.value} requests were`} not captured, as
          the room was taken by captures of requests that still run. <code>--capture-count</code>{' '}
          and <code>--capture-bytes</code> set how much there is.
        </p>
      )}
      <ul class="captures" aria-label="Captures">
        {all.map((each) => (
          <Entry key={each.id} capture={each} />
        ))}
      </ul>
    </>
  )
}

function Clear({ count }: { count: number }) {
  const ask = (is: boolean) => {
    isAsking.value = is
  }
  if (!isAsking.value) {
    return (
      <button type="button" class="quiet" onClick={() => ask(true)}>
        Delete all…
      </button>
    )
  }
  return (
    <p class="row">
      <button
        type="button"
        class="danger"
        onClick={() => {
          ask(false)
          void clear()
        }}
      >
        Delete {count === 1 ? 'the capture' : `all ${count}`}
      </button>
      <button type="button" class="quiet" onClick={() => ask(false)}>
        Keep {count === 1 ? 'it' : 'them'}
      </button>
    </p>
  )
}

function Entry({ capture }: { capture: Capture }) {
  const { id, request_id: request, time, api, model, engine, key, outcome } = capture
  const checked = checks.value.get(id)
  const facts = [engine, key && `key ${key}`, api].filter(Boolean)
  return (
    <li>
      <p class="capture-title">
        <code>{model || 'no model'}</code>
        <span class={`outcome ${outcomeClass(outcome)}`}>{outcome || 'runs'}</span>
        <span class="weak">
          {clockText(new Date(time).getTime())} · {bytesText(capture.bytes)}
          {capture.complete ? '' : outcome ? ' · truncated: the memory limit was reached' : ''}
        </span>
      </p>
      <p class="weak">
        {facts.join(' · ')}
        {facts.length > 0 && ' · '}
        <a href={hashOf('activity', request)} aria-label={`Request ${request} in Activity`}>
          {request}
        </a>
      </p>
      <Actions id={id} name={`${model || 'no model'}, ${request}`} />
      {checked && (
        <div role="status">
          <CheckResult checked={checked} />
        </div>
      )}
    </li>
  )
}

function Actions({ id, name }: { id: string; name: string }) {
  const action = (title: string, label: string, act: () => Promise<void>) => (
    <button type="button" class="quiet" aria-label={`${label} ${name}`} onClick={() => void act()}>
      {title}
    </button>
  )
  const sides: [Side, string][] = [
    ['client', 'sent to the client'],
    ['engine', 'sent by the engine'],
  ]
  return (
    <div class="capture-actions">
      {sides.map(([side, what]) => (
        <span class="capture-side" key={side}>
          <span class="weak">{what}</span>
          {action('Download', `Download what was ${what}:`, () => download(id, side))}
          {action('Check', `Check what was ${what}:`, () => check(id, side))}
        </span>
      ))}
      {action('Delete', 'Delete', () => remove(id))}
    </div>
  )
}

function outcomeClass(outcome: string | null): string {
  if (outcome === 'failed' || outcome === 'refused') return 'bad'
  return outcome === 'finished' || outcome === 'ok' ? 'good' : ''
}
