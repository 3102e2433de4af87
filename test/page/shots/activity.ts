// The requests that the pictures of the activity show.

import type { Activity } from '../../../src/wire/activity/schema.ts'
import { type ActivityStandIn, type OwnEvent, record } from '../support/activity-stand-in.ts'

/** When all pictures are taken: a record's times are before it. */
export const NOW = Date.UTC(2026, 0, 15, 11, 25, 25)

function request(id: string, durationMs: number, fields: Partial<Activity>): Activity {
  const arrived = NOW - durationMs
  return record(id, { arrived, durationMs, engine: 'workstation', model: 'qwen3-32b', ...fields })
}

const steady = Array.from({ length: 44 }, (_, at) => 20 + (at % 7) * 2)

const requests: Activity[] = [
  request('loading', 31_300, {
    state: 'loading',
    model: 'qwen3-coder-480b',
    progress: 'loading qwen3-coder-480b 40 %',
  }),
  request('stalled', 22_300, {
    state: 'stalled',
    model: 'llama-4-scout',
    engine: 'macbook',
    tokens: 31,
    gaps: [40, 45, 60, 42, 9_800],
    stalls: 1,
  }),
  request('streaming', 14_300, { tokens: 412, rate: 43, firstTokenMs: 388, gaps: steady }),
  request('blocked', 9_300, {
    state: 'blocked',
    model: 'gpt-oss-120b',
    tokens: 96,
    blockedMs: 3_700,
    gaps: steady.slice(0, 22),
  }),
  request('prefill', 3_300, { state: 'prefill' }),
  request('queued', 2_300, { state: 'queued', place: 1 }),
  request('finished', 31_200, {
    state: 'ended',
    status: 200,
    outcome: 'finished',
    tokens: 1_204,
    tokensReported: true,
    gaps: steady,
    repairs: ['finish_reason added'],
  }),
  request('failed', 8_100, {
    state: 'ended',
    status: 200,
    outcome: 'failed',
    model: 'gpt-oss-120b',
    tokens: 220,
    code: 'upstream_truncated',
    message: 'workstation: expected [DONE], got the end of the connection.',
    gaps: steady.slice(0, 30),
  }),
  request('cancelled', 5_400, {
    state: 'ended',
    status: 200,
    outcome: 'cancelled',
    tokens: 118,
    gaps: steady.slice(0, 18),
  }),
]

function chunk(delta: object): string {
  const choices = [{ index: 0, delta, finish_reason: null }]
  const body = { id: 'c', object: 'chat.completion.chunk', created: 1, model: 'qwen3-32b', choices }
  return `data: ${JSON.stringify(body)}\n\n`
}

const sent = [
  chunk({ reasoning_content: 'Water flows downhill.' }),
  ...'Water finds **its way**. Here is a list:\n\n- one\n- two\n\n```ts\nconst a = 1\n```\n'
    .split(/(?= )/)
    .map((content) => chunk({ content })),
  chunk({
    tool_calls: [
      {
        index: 0,
        id: 'call_1',
        type: 'function',
        function: { name: 'get_weather', arguments: '' },
      },
    ],
  }),
  chunk({ tool_calls: [{ index: 0, function: { arguments: '{"city":"Oslo"}' } }] }),
]

export function showRequests(stand: ActivityStandIn): void {
  stand.list.requests = requests
  const own = requests.find(({ id }) => id === 'streaming')
  stand.own.set('streaming', [
    ['activity', own],
    ...sent.map((text, at): OwnEvent => ['sent', { at: 640 + at * 22, text }]),
  ])
}
