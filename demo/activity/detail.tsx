import { computed } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { Answer } from '../answer.tsx'
import { Rules } from '../frames/rules.tsx'
import { openView } from '../views.ts'
import { DetailActions } from './detail-actions.tsx'
import { Facts } from './facts.tsx'
import { Mark } from './mark.tsx'
import { findingsOf } from './recorded.ts'
import { rows } from './store.ts'
import { type Seen, seen, watch } from './watch.ts'
import { Wire } from './wire-sides.tsx'
import { sentenceOf } from './words.ts'

/** From so many characters on, Markdown is formatted once the answer has ended, and not for each token. */
const MOST_LIVE = 10_000

/** Computed once for each change of what was seen, and only while it is shown. */
const findings = computed(() =>
  seen.value?.playing || !seen.value ? undefined : findingsOf(seen.value),
)

/** The request that is open: what it is, what it says, and its frames. */
export function Detail({ id }: { id: string }) {
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => watch(id), [id])
  useEffect(() => heading.current?.focus(), [id])
  const now = seen.value
  const record = now?.record ?? rows.get(id)?.record.value
  return (
    <aside
      class="detail"
      aria-label="Request"
      onKeyDown={({ key }) => {
        if (key === 'Escape') close(id)
      }}
    >
      <div class="head">
        <h2 ref={heading} tabIndex={-1}>
          {record?.model ?? record?.path ?? 'Request'}
        </h2>
        {record && <Mark record={record} />}
        <button type="button" class="quiet close" onClick={() => close(id)} aria-label="Close">
          ✕
        </button>
      </div>
      <p class="hidden" role="status">
        {record?.state === 'ended' && now?.state !== 'connecting' ? sentenceOf(record) : ''}
      </p>
      {now?.id === id && <Content now={now} />}
    </aside>
  )
}

/** The row that was opened is in focus again. */
function close(id: string): void {
  openView('activity')
  const link = document.querySelector<HTMLElement>(`a.request[data-id="${CSS.escape(id)}"]`)
  link?.focus()
}

function Content({ now }: { now: Seen }) {
  const { record, state, problem } = now
  if (record === undefined) {
    if (state === 'connecting') return <p class="weak">Loading…</p>
    return (
      <p class="weak">
        {problem || 'The server does not answer. Close the request and open it again.'}
      </p>
    )
  }
  return (
    <>
      <DetailActions now={now} record={record} />
      {record.message && (
        <p class="failure">
          {record.code && <code>{record.code}</code>} {record.message}
        </p>
      )}
      <Said now={now} />
      <Rules findings={findings.value} />
      <Repairs list={record.repairs ?? []} />
      <Wire now={now} />
      <h3>Details</h3>
      <Facts record={record} />
    </>
  )
}

function Said({ now }: { now: Seen }) {
  const { parts, record, state } = now
  const { texts, reasoning, calls } = parts
  const isLive = state === 'live' && record?.state !== 'ended'
  const isEmpty = texts.size === 0 && reasoning === '' && calls.size === 0
  if (isEmpty) return <p class="weak">{whyNothing(now)}</p>
  return (
    <div class="said message">
      {!now.isWhole && (
        <p class="weak">
          {record?.capture === undefined
            ? 'What was sent before you opened it was not kept.'
            : 'What was sent before you opened it is shown once it has ended.'}
        </p>
      )}
      {reasoning && (
        <details class="reasoning" open={texts.size === 0}>
          <summary>Reasoning</summary>
          <p>{reasoning}</p>
        </details>
      )}
      {[...texts].map(([index, text]) => (
        <section key={index} aria-label="Answer">
          {texts.size > 1 && <h3>Answer {index + 1}</h3>}
          {isLive && text.length > MOST_LIVE ? <p class="plain">{text}</p> : <Answer text={text} />}
        </section>
      ))}
      {[...calls].map(([index, { name, input }]) => (
        <section key={index} class="call" aria-label="Tool call">
          <strong>{name || 'A call that began earlier'}</strong>
          <pre>{input}</pre>
        </section>
      ))}
      {isLive && <span class="cursor" aria-hidden="true" />}
    </div>
  )
}

function whyNothing({ state, record, problem, frames }: Seen): string {
  if (problem) return problem
  if (state === 'lost') return 'The server does not answer. Close the request and open it again.'
  if (record?.state !== 'ended')
    return 'Nothing was sent since you opened it. It appears here as it is sent.'
  if (frames.length > 0) return 'Its answer has no text.'
  if (record.capture !== undefined) return 'Loading the capture…'
  return 'The text was not stored. An answer is visible while it is being sent, and later only if it was captured.'
}

function Repairs({ list }: { list: readonly string[] }) {
  if (list.length === 0) return null
  return (
    <>
      <h3>Repaired in the answer</h3>
      <ul class="repairs">
        {list.map((repair) => (
          <li key={repair}>{repair}</li>
        ))}
      </ul>
    </>
  )
}
