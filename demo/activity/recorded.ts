/** What was seen of a request as a recording, and the rules that it breaks. */
import { checkStream } from '../../src/check/check-stream.ts'
import { dialectAt } from '../../src/check/dialects/dialects.ts'
import type { Finding } from '../../src/check/rules/rule.ts'
import { type RuleName, rules } from '../../src/check/rules/rules.ts'
import type { Recording } from '../../src/recording/recording.ts'
import type { Seen } from './watch.ts'

/** Rules about what comes first, which an answer that was opened later cannot be asked. */
const OF_THE_START: readonly RuleName[] = [
  ...(['start-first', 'role-first', 'event-sequence'] as const),
  ...(['block-open', 'block-closed', 'done-text', 'all-at-once', 'bursts', 'silence'] as const),
]

/** Rules that depend on what was asked for, which only a capture has. */
const OF_THE_REQUEST: readonly RuleName[] = ['usage-asked', 'usage-unasked']

/** The capture, or else what was seen since the request was opened. */
export function recordingOf({ recording, record, packets }: Seen): Recording | undefined {
  if (recording) return recording
  if (record === undefined) return undefined
  const { arrived, method, path, status = 200, durationMs, streamed } = record
  const type = streamed ? 'text/event-stream' : 'application/json'
  const at = packets.at(-1)?.at ?? durationMs
  return {
    recordedAt: new Date(arrived).toISOString(),
    by: 'the page, of what was sent while it was open',
    request: { method, url: new URL(path, location.origin).href, headers: {} },
    response: { at: packets[0]?.at ?? at, status, headers: [['content-type', type]] },
    packets: [...packets],
    end: { at, how: record.state === 'ended' ? 'end' : 'stopped' },
  }
}

/** Undefined where nothing can be said: it runs, it is no stream, or its API has no rules. */
export function findingsOf(seen: Seen): Finding<RuleName>[] | undefined {
  const { record, state, isWhole, recording, lost, packets } = seen
  const isCheckable = record?.streamed && dialectAt(record.api ?? '') !== undefined
  if (!isCheckable || state !== 'ended' || packets.length === 0 || lost > 0) return undefined
  // A client that leaves gets no end, and that is no fault of the stream.
  if (record.outcome === 'cancelled') return undefined
  const made = recordingOf(seen)
  if (made === undefined) return undefined
  return checkStream(made).filter(({ rule }) => {
    if (recording) return true
    if (rules[rule].section === 'headers' || OF_THE_REQUEST.includes(rule)) return false
    return isWhole || !OF_THE_START.includes(rule)
  })
}
