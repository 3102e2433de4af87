/**
 * What is counted and measured: the labels of each metric, and the buckets of each histogram. What they are
 * in words is in descriptions.ts, which is loaded when somebody asks for them.
 */

/** Labels whose values come from settings, from engines or from a client: their number has no limit. */
const OPEN = new Set(['model', 'engine', 'key', 'code', 'from', 'to', 'result'])

/** Whether a label can have any number of values. The others have those that are written in the code. */
export function isOpen(label: string): boolean {
  return OPEN.has(label)
}

/** Seconds of whole requests, of waiting for a slot and for a first token: a cold load takes up to 40 minutes. */
const LONG = [
  ...[0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 60],
  ...[120, 300, 600, 1200, 2400, 3600],
]

/** Seconds between tokens, which come up to a thousand times a second; from 5 on an answer is stalled. */
const GAP = [
  ...[0.001, 0.002, 0.005, 0.01, 0.015, 0.02, 0.03, 0.05, 0.075, 0.1],
  ...[0.15, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300],
]

/** Seconds for which a client left data unread. */
const BLOCKED = [0.001, 0.01, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 1200]

/** Seconds until events are in the log that instances share: batches wait for up to 0.1. */
const STORED = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]

/** Seconds until an engine has stopped. */
const STOP = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

/** Seconds of a call to the store that instances share, which is given up after a tenth of a second. */
const CALL = [0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1]

export const counters = {
  sluice_requests_total: ['api', 'model', 'engine', 'key', 'outcome'],
  sluice_request_failures_total: ['api', 'engine', 'outcome', 'code'],
  sluice_tokens_total: ['direction', 'model', 'engine', 'key'],
  sluice_attempts_total: ['engine', 'result'],
  sluice_failovers_total: ['from', 'to'],
  sluice_stalls_total: ['model', 'engine'],
  sluice_repairs_total: ['engine', 'kind'],
  sluice_heartbeats_total: ['api'],
  sluice_limit_hits_total: ['key', 'limit'],
  sluice_series_dropped_total: ['metric'],
  sluice_streams_resumed_total: ['log'],
  sluice_streams_ended_total: ['end'],
  sluice_streams_buried_total: [],
  sluice_tabs_joined_total: [],
  sluice_tabs_resumed_total: [],
  sluice_tabs_left_total: ['reason'],
  sluice_spans_exported_total: [],
  sluice_spans_dropped_total: [],
  sluice_state_calls_total: ['operation', 'result'],
  sluice_state_fallbacks_total: ['policy'],
} as const

export const histograms = {
  sluice_request_duration_seconds: {
    labels: ['api', 'model', 'engine', 'outcome'],
    buckets: LONG,
  },
  sluice_time_to_first_token_seconds: { labels: ['model', 'engine'], buckets: LONG },
  sluice_token_gap_seconds: { labels: ['model', 'engine'], buckets: GAP },
  sluice_queue_wait_seconds: { labels: ['engine'], buckets: LONG },
  sluice_client_blocked_seconds: { labels: ['api'], buckets: BLOCKED },
  sluice_engine_stop_seconds: { labels: ['engine'], buckets: STOP },
  sluice_state_call_duration_seconds: { labels: ['operation'], buckets: CALL },
  sluice_streams_stored_seconds: { labels: [], buckets: STORED },
} as const

export type CounterName = keyof typeof counters
export type HistogramName = keyof typeof histograms
