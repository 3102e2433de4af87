/** What each metric is, in words: for `# HELP` and for docs/metrics.md. */
import type { CounterName, HistogramName } from './families.ts'

/** What is read at the moment when it is asked for, with its labels. */
export const gauges = {
  sluice_requests_running: [],
  sluice_queue_waiting: [],
  sluice_queue_limit: [],
  sluice_engine_up: ['engine'],
  sluice_engine_running: ['engine'],
  sluice_engine_limit: ['engine'],
  sluice_breaker_state: ['engine', 'state'],
  sluice_stored_responses: [],
  sluice_state_up: [],
  sluice_state_instances: [],
  sluice_streams_running: [],
  sluice_tabs: ['state'],
  sluice_build_info: ['version', 'host'],
} as const

export type GaugeName = keyof typeof gauges

export const descriptions: Readonly<Record<CounterName | HistogramName | GaugeName, string>> = {
  sluice_requests_total:
    'Requests that have ended, each once: ok and refused are answers without a stream, the others are how a stream ended.',
  sluice_request_failures_total:
    'Requests that were refused or failed, by the code of the error: other for a code of an engine, none for an error without one.',
  sluice_request_duration_seconds: 'Time from the arrival of a request to the end of its answer.',
  sluice_time_to_first_token_seconds:
    'Time from the arrival of a request to the first token, including the queue and the loading of the model. Answers that an engine sends as a whole are not measured.',
  sluice_token_gap_seconds:
    'Time between two tokens as they came from the engine, without the time for which the client left data unread.',
  sluice_stalls_total: 'Pauses of 5 seconds or more between two tokens.',
  sluice_tokens_total:
    'Tokens of prompts (input) and answers (output) as the engines reported them; what they do not report is not counted.',
  sluice_attempts_total:
    'Attempts at an engine, by result: finished, cancelled, or the code of the error.',
  sluice_failovers_total: 'Attempts at another engine after an attempt failed.',
  sluice_queue_wait_seconds:
    'Time for which an attempt waited for a concurrency slot; engine is empty if the request ended before it had one.',
  sluice_queue_waiting: 'Requests that wait for a concurrency slot now.',
  sluice_queue_limit: 'The most requests that may wait for a concurrency slot of an engine.',
  sluice_repairs_total: 'Answers that were repaired, by kind of repair.',
  sluice_heartbeats_total: 'Heartbeats that were sent to clients.',
  sluice_client_blocked_seconds:
    'Time for which the client of a stream left data unread, once for each stream.',
  sluice_engine_stop_seconds:
    'Time from the moment when the client left, or the request was stopped, to the one when its engine had stopped: its connection was closed or its work had ended.',
  sluice_breaker_state: 'The state of an engine’s circuit breaker: 1 for the current state.',
  sluice_engine_up:
    'Whether the engine’s last model listing succeeded; absent before the first one.',
  sluice_engine_running: 'Requests in progress at the engine now.',
  sluice_engine_limit: 'The most requests in progress at the engine; absent where it has no limit.',
  sluice_requests_running: 'Requests that have asked an engine and have not ended.',
  sluice_stored_responses: 'Stored responses; absent where the store does not tell.',
  sluice_streams_running:
    'Streams that can be resumed, responses in the background among them, that this process produces now.',
  sluice_tabs: 'Browser tabs that are joined, by what they do now.',
  sluice_tabs_joined_total: 'Browser tabs that joined.',
  sluice_tabs_resumed_total: 'Browser tabs that came back after their connection had broken.',
  sluice_tabs_left_total: 'Browser tabs that are gone, by why.',
  sluice_streams_resumed_total:
    'Streams that a client resumed: local where this process produces or keeps them, shared where it reads them in the store that instances share.',
  sluice_streams_ended_total: 'Streams that could be resumed and have ended, by how they ended.',
  sluice_streams_buried_total:
    'Streams that this process ended because the instance that produced them was gone.',
  sluice_streams_stored_seconds:
    'Time from the moment when an event was written to the one when the store that instances share had it.',
  sluice_limit_hits_total: 'Requests that were refused because a limit of their key was reached.',
  sluice_build_info: 'The version of sluice and the runtime; always 1.',
  sluice_series_dropped_total:
    'Observations counted under the label value other because the metric had reached its maximum number of series.',
  sluice_spans_exported_total: 'Spans that the OTLP endpoint accepted.',
  sluice_spans_dropped_total:
    'Spans that were dropped: the queue was full, or the OTLP endpoint did not accept them.',
  sluice_state_up:
    'Whether the store that instances share can be used: 1, or 0 while it is away; absent where nothing is shared.',
  sluice_state_instances:
    'Instances that share the store, as this one saw last; absent where nothing is shared.',
  sluice_state_calls_total:
    'Calls to the store that instances share. What is refused at once, as the store is known to be away, has the result away.',
  sluice_state_call_duration_seconds:
    'Time of a call to the store that instances share, without those that were refused at once.',
  sluice_state_fallbacks_total:
    'Requests that were decided on without the store, as it was away, by the policy that was in force.',
}

/** The values of labels that have few. */
export const labelTexts: Readonly<Record<string, string>> = {
  api: 'the path of the route, such as `/v1/chat/completions`; `other` where there is no such route',
  model:
    'the model that the engine was asked for; `other` for a name that no engine serves; empty where none was named',
  engine:
    'the label of the engine that answered, or of the last that failed; empty where none was asked',
  key: 'the name of the key in the settings; `other` for a caller whom `authenticate` names; empty without a key',
  outcome:
    '`ok`, `refused`, `finished`, `failed` or `cancelled`, as in the log. A client that leaves after the last event has not cancelled',
  code: 'the code of the error; `other` for one that is not sluice’s own, `none` for an error without one',
  direction: '`input` or `output`',
  log: '`local`: produced or kept by this process; `shared`: read in the store that instances share',
  end: '`finished`, `failed` or `stopped`',
  result:
    '`finished`, `cancelled`, or the code of the error; of a call to the store `ok`, `timeout`, `error`, or `away`',
  from: 'the engine that failed',
  to: 'the engine that was asked next',
  kind: 'what was repaired, as `repaired` in the log',
  limit: '`requests` or `tokens` of a minute, `concurrency`, or `background`',
  state:
    '`closed`, `open` or `half-open`; of a browser tab `free`, `answering`, `paused`, or `away`: its connection has broken, and it may come back',
  reason:
    'why a tab is gone: `closed` by whom it belongs to, `lost` with its connection, `silent`: its script did not reply, `replaced`: it joined anew, `dismissed` by the operator or with its key, `misbehaved`, or `shutdown` of the server',
  metric: 'the metric that had no room',
  operation: 'what the store was asked for, such as `admit` or `settle`',
  policy: '`local`, `open` or `closed`, as `stateFailure` in the settings',
  version: 'the version of sluice',
  host: 'the runtime and its version',
}
