import { ActivityStore, type Row } from '../../../../src/cli/top/store.ts'
import type { Activity, ActivityList } from '../../../../src/wire/activity/schema.ts'

export const TIME = 1_800_000_000_000

/** A request that arrived `ago` milliseconds before the snapshot. */
export function activity(id: string, ago: number, more: Partial<Activity> = {}): Activity {
  const path = '/v1/chat/completions'
  return {
    ...{ id, arrived: TIME - ago, method: 'POST', path, api: path, state: 'streaming' },
    ...{ streamed: true, tokens: 0, tokensReported: false, durationMs: ago },
    ...more,
  }
}

export function snapshot(requests: Activity[], more: Partial<ActivityList> = {}): ActivityList {
  const list = { time: TIME, isAdmin: true, instance: 'one', keys: [] }
  return { object: 'activity', ...list, requests, ...more }
}

export function storeOf(requests: Activity[], more: Partial<ActivityList> = {}): ActivityStore {
  const store = new ActivityStore()
  store.takeSnapshot(snapshot(requests, more), 0)
  return store
}

export function rowsOf(requests: Activity[]): Row[] {
  return storeOf(requests).rows
}

/** Requests in each state and of each outcome. */
export const mixed: Activity[] = [
  activity('a', 12_300, {
    ...{ model: 'qwen3-coder:30b', engine: 'ollama', key: 'laptop', client: 'opencode/1.2.3' },
    ...{ tokens: 512, rate: 48.2, firstTokenMs: 740, longestGapMs: 61 },
    gaps: [18, 20, 22, 61, 19, 20],
  }),
  activity('b', 4_000, { state: 'queued', model: 'llama3.3:70b', key: 'ci', place: 2 }),
  activity('c', 33_000, {
    ...{ state: 'loading', model: 'llama3.3:70b', engine: 'vllm', progress: 'loading 40 %' },
  }),
  activity('d', 95_000, {
    ...{ state: 'stalled', model: 'qwen3-coder:30b', engine: 'ollama', key: 'laptop' },
    ...{ tokens: 14_200, firstTokenMs: 1_340, longestGapMs: 12_000, stalls: 1 },
    gaps: [20, 20, 12_000],
  }),
  activity('e', 60_000, {
    ...{ state: 'ended', model: 'llama3.3:70b', engine: 'vllm', key: 'ci', status: 200 },
    ...{ outcome: 'failed', code: 'upstream_truncated', tokens: 77, durationMs: 8_100 },
    ...{ firstTokenMs: 400, longestGapMs: 900, gaps: [10, 900] },
  }),
  activity('f', 3_700_000, {
    ...{ state: 'ended', model: 'llama3.3:70b', engine: 'vllm', key: 'ci', status: 200 },
    ...{ outcome: 'finished', tokens: 1_200, tokensReported: true, durationMs: 24_400 },
    ...{ firstTokenMs: 400, longestGapMs: 90, repairs: ['id', 'done'], attempts: 2 },
  }),
]
