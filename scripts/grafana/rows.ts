/** What the dashboard shows: its rows and their panels. */
import { ENGINE, KEY, MODEL, NO_ENGINE, NO_KEY, SERVER, WINDOW } from './filters.ts'
import { OVERVIEW } from './overview.ts'
import { heatmap, lines, named, type Panel, quantiles, rate, states } from './panels.ts'
import { STATE } from './state.ts'
import { STREAMS } from './streams.ts'
import { TABS } from './tabs.ts'

export interface Row {
  title: string
  panels: Panel[]
}

const LATENCY: Panel[] = [
  lines(
    {
      title: 'Time to first token',
      description:
        'From the arrival of a request to its first token, with the queue and the loading of the model.',
      unit: 's',
    },
    quantiles([0.5, 0.95], 'sluice_time_to_first_token_seconds', MODEL, 'model'),
  ),
  heatmap(
    {
      title: 'Time to first token, spread',
      description:
        'How many answers had their first token after which time. A band far above the others is the loading of models, as a rule.',
      unit: 's',
    },
    `sum by (le) (rate(sluice_time_to_first_token_seconds_bucket{${MODEL}}${WINDOW}))`,
  ),
  lines(
    {
      title: 'Time between tokens',
      description:
        'As they came from the engine, without the time for which the client left data unread.',
      unit: 's',
      width: 8,
    },
    quantiles([0.5, 0.99], 'sluice_token_gap_seconds', MODEL, 'model'),
  ),
  lines(
    {
      title: 'Duration',
      description:
        'From the arrival of a request for a model to the end of its answer, of those that ended well.',
      unit: 's',
      width: 8,
    },
    quantiles(
      [0.5, 0.95],
      'sluice_request_duration_seconds',
      `${MODEL}, outcome=~"ok|finished"`,
      'api',
    ),
  ),
  lines(
    {
      title: 'Wait for a slot',
      description: 'How long attempts waited in the queue for a concurrency slot of an engine.',
      unit: 's',
      width: 8,
    },
    quantiles([0.5, 0.95], 'sluice_queue_wait_seconds', ENGINE, 'engine').map((query) => {
      return { ...query, expr: named(query.expr, 'engine', NO_ENGINE) }
    }),
  ),
]

const TOKENS: Panel[] = (['output', 'input'] as const).flatMap((direction) => {
  const what = direction === 'output' ? 'Tokens of answers' : 'Tokens of prompts'
  const filter = `${KEY}, direction="${direction}"`
  const description = `${what} in a second, as the engines reported them when the answer had ended.`
  return [
    lines(
      { title: `${what} by model`, description, unit: 'short' },
      [rate('sluice_tokens_total', filter, 'model')],
      { isStacked: true },
    ),
    lines(
      { title: `${what} by key`, description, unit: 'short' },
      [rate('sluice_tokens_total', filter, 'key', NO_KEY)],
      { isStacked: true },
    ),
  ]
})

const ENGINES: Panel[] = [
  states(
    {
      title: 'Engines',
      description: 'Whether the last model listing of an engine succeeded.',
    },
    {
      expr: `min by (engine, instance) (sluice_engine_up{${ENGINE}})`,
      legend: '{{engine}} at {{instance}}',
    },
    { 0: { text: 'down', color: 'red' }, 1: { text: 'up', color: 'green' } },
  ),
  states(
    {
      title: 'Circuit breakers',
      description:
        'open: the engine kept failing and gets no requests for a while. half-open: a request tries whether it works again, or some keys are kept from it.',
    },
    {
      expr: `sum by (engine, instance) (sluice_breaker_state{${ENGINE}, state="half-open"} + ignoring (state) 2 * sluice_breaker_state{${ENGINE}, state="open"})`,
      legend: '{{engine}} at {{instance}}',
    },
    {
      0: { text: 'closed', color: 'green' },
      1: { text: 'half-open', color: 'yellow' },
      2: { text: 'open', color: 'red' },
    },
  ),
  lines(
    {
      title: 'Requests in progress, and their limit',
      description:
        'Of each engine, over all servers. An engine without a limit (maxConcurrency) has no line for it.',
      unit: 'short',
    },
    [
      { expr: `sum by (engine) (sluice_engine_running{${ENGINE}})`, legend: '{{engine}}' },
      { expr: `sum by (engine) (sluice_engine_limit{${ENGINE}})`, legend: '{{engine}} limit' },
    ],
  ),
  lines(
    {
      title: 'Attempts by result',
      description:
        'Attempts to have an answer from an engine. A request that is tried again has several.',
      unit: 'reqps',
    },
    [rate('sluice_attempts_total', ENGINE, 'engine, result')],
  ),
  lines(
    {
      title: 'Failovers',
      description:
        'Attempts at another engine after the one before had failed, from one to the next.',
      unit: 'reqps',
    },
    [
      {
        expr: `sum by (from, to) (rate(sluice_failovers_total{${SERVER}, from=~"$engine"}${WINDOW}))`,
        legend: '{{from}} → {{to}}',
      },
    ],
  ),
  lines(
    {
      title: 'Time until the engine stops',
      description:
        'From the moment when the client left, or the request was stopped, until the engine had stopped its work.',
      unit: 's',
    },
    quantiles([0.5, 0.95], 'sluice_engine_stop_seconds', ENGINE, 'engine'),
  ),
]

const CLIENTS: Panel[] = [
  lines(
    {
      title: 'Time blocked by clients',
      description:
        'For how long the client of a stream left data unread. Long times are slow networks and clients, not slow engines.',
      unit: 's',
      width: 8,
    },
    quantiles([0.5, 0.95], 'sluice_client_blocked_seconds', SERVER, 'api'),
  ),
  lines(
    {
      title: 'Stalls',
      description: 'Pauses of 5 seconds or more between two tokens of an engine, each second.',
      unit: 'cps',
      width: 8,
    },
    [rate('sluice_stalls_total', MODEL, 'engine, model')],
  ),
  lines(
    {
      title: 'Heartbeats',
      description: 'Heartbeats that kept connections open while there was nothing to send.',
      unit: 'cps',
      width: 8,
    },
    [rate('sluice_heartbeats_total', SERVER, 'api')],
  ),
  lines(
    {
      title: 'Repairs by kind',
      description:
        'Answers in which something was repaired. docs/streams.md explains each kind; a new one often comes with a new version of an engine.',
      unit: 'cps',
    },
    [rate('sluice_repairs_total', ENGINE, 'engine, kind')],
  ),
  lines(
    {
      title: 'Limits reached',
      description: 'Requests that were refused because a limit of their key was reached.',
      unit: 'reqps',
    },
    [rate('sluice_limit_hits_total', `${SERVER}, key=~"$key"`, 'key, limit', NO_KEY)],
  ),
]

const ITSELF: Panel[] = [
  lines(
    {
      title: 'Stored responses',
      description: 'Responses that are kept for previous_response_id and for background requests.',
      unit: 'short',
      width: 8,
    },
    [{ expr: `sum by (instance) (sluice_stored_responses{${SERVER}})`, legend: '{{instance}}' }],
  ),
  lines(
    {
      title: 'Series without room',
      description:
        'Observations that were counted under other, because their metric had its most series. Anything but 0 means that models, engines or keys are missing elsewhere on this page.',
      unit: 'cps',
      width: 8,
    },
    [
      {
        expr: `sum by (metric) (rate(sluice_series_dropped_total{${SERVER}}${WINDOW})) or label_replace(vector(0), "metric", "none", "", "")`,
        legend: '{{metric}}',
      },
    ],
  ),
  lines(
    {
      title: 'Spans of traces',
      description:
        'Spans that the OTLP endpoint took, and those that were lost: too many waited, or it did not take them. Both are 0 where traces are off.',
      unit: 'cps',
      width: 8,
    },
    (['exported', 'dropped'] as const).map((what) => ({
      expr: `sum(rate(sluice_spans_${what}_total{${SERVER}}${WINDOW})) or vector(0)`,
      legend: what,
    })),
  ),
]

export const rows: readonly Row[] = [
  { title: 'Overview', panels: OVERVIEW },
  { title: 'Latency', panels: LATENCY },
  { title: 'Tokens per second', panels: TOKENS },
  { title: 'Engines', panels: ENGINES },
  { title: 'Clients', panels: CLIENTS },
  { title: 'sluice itself', panels: ITSELF },
  { title: 'Shared state', panels: STATE },
  { title: 'Streams that can be resumed', panels: STREAMS },
  { title: 'Browser tabs', panels: TABS },
]
