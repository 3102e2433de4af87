import type { EngineActivity } from '../../src/wire/activity/schema.ts'
import { Health } from './health.tsx'
import { Output } from './process-output.tsx'
import type { Tone } from './words.ts'

type Process = NonNullable<EngineActivity['process']>

const STATES: Record<Process['state'], { word: string; tone: Tone; what: string }> = {
  stopped: { word: 'Stopped', tone: 'unknown', what: 'The next request for its models starts it.' },
  waiting: {
    word: 'Waiting',
    tone: 'warn',
    what: 'It starts as soon as there is enough memory: other servers have to be stopped first.',
  },
  starting: { word: 'Starting', tone: 'warn', what: 'Its process runs, and is not ready yet.' },
  ready: { word: 'Ready', tone: 'good', what: 'It answers requests.' },
  stopping: { word: 'Stopping', tone: 'warn', what: 'Its processes are being ended.' },
  failed: {
    word: 'Failed',
    tone: 'bad',
    what: 'It is started again by a request, after a pause that grows with each failure. Its output has the reason.',
  },
}

/** The process of a server that sluice starts itself. */
export function Process({ engine: { label, process } }: { engine: EngineActivity }) {
  if (process === undefined) return null
  const { word, tone, what } = STATES[process.state] ?? {
    word: process.state,
    tone: 'unknown',
    what: '',
  }
  const facts = [
    process.failures !== undefined &&
      (process.failures === 1 ? 'failed once' : `failed ${process.failures} times in a row`),
    process.lastExit,
    process.waiting > 0 &&
      (process.waiting === 1
        ? '1 request waits for it'
        : `${process.waiting} requests wait for it`),
  ].filter(Boolean)
  return (
    <div class="process">
      <p>
        Process <Health word={word} tone={tone} /> <span class="weak">{what}</span>
      </p>
      {facts.length > 0 && <p class="weak">{facts.join(' · ')}</p>}
      <Output label={label} />
    </div>
  )
}
