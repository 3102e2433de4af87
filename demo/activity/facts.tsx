import type { Activity } from '../../src/wire/activity/schema.ts'
import { timeText } from '../format.ts'
import { durationText } from './words.ts'

/** What is known of a request, leaving out what it does not have. */
export function Facts({ record }: { record: Activity }) {
  return (
    <dl class="facts">
      {factsOf(record).map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  )
}

function factsOf(record: Activity): [string, string][] {
  const { method, path, engine, key, client, session, id, failures = [] } = record
  const all: [string, string | undefined | false][] = [
    ['Request', `${method} ${path}`],
    ['Engine', engine],
    ['Key', key],
    ['Client', client],
    ['Session', session],
    ['Arrived', new Date(record.arrived).toLocaleString()],
    ['Took', record.state === 'ended' && durationText(record.durationMs)],
    ['Waited for an engine', milliseconds(record.queuedMs)],
    ['First token', milliseconds(record.firstTokenMs)],
    ['Longest pause', milliseconds(record.longestGapMs)],
    ['Tokens', `${record.tokens}${record.tokensReported ? '' : ', counted by chunks'}`],
    ['Prompt', record.promptTokens !== undefined && `${record.promptTokens} tokens`],
    ['Stalls', some(record.stalls)],
    ['Heartbeats', some(record.heartbeats)],
    ['Client did not read for', milliseconds(record.blockedMs)],
    ['Attempts', record.attempts !== undefined && record.attempts > 1 && String(record.attempts)],
    ['Failed before', failures.length > 0 && failures.join(', ')],
    ['Affinity', record.affinity],
    ['Can be resumed', record.stream && `/v1/streams/${record.stream}`],
    ['Status', some(record.status)],
    ['Id', id],
  ]
  return all.filter((fact): fact is [string, string] => Boolean(fact[1]))
}

function milliseconds(ms: number | undefined): string | undefined {
  return ms === undefined || ms === 0 ? undefined : timeText(ms)
}

function some(count: number | undefined): string | undefined {
  return count ? String(count) : undefined
}
