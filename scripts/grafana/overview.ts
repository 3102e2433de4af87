/** The first row: how it goes, in numbers and by outcome. */
import { ENGINE, KEY, MODEL, NO_KEY, SERVER, WINDOW } from './filters.ts'
import { lines, type Panel, rate, stat, upTo } from './panels.ts'

const NUMBERS: Panel[] = [
  stat(
    { title: 'Servers', description: 'Servers of sluice that are scraped.', unit: 'short' },
    `count(sluice_build_info{${SERVER}})`,
    [{ color: 'text', value: null }],
  ),
  stat(
    {
      title: 'Requests',
      description: 'Requests for a model that ended, each second.',
      unit: 'reqps',
    },
    `sum(rate(sluice_requests_total{${KEY}}${WINDOW}))`,
    [{ color: 'text', value: null }],
  ),
  stat(
    {
      title: 'Failed',
      description:
        'The share of requests for a model that failed in the last 5 minutes. Refusals and cancelled requests are no failures.',
      unit: 'percentunit',
      decimals: 1,
    },
    `(sum(rate(sluice_requests_total{${KEY}, outcome="failed"}[5m])) or vector(0)) / sum(rate(sluice_requests_total{${KEY}}[5m]))`,
    upTo(0.01, 0.05),
  ),
  stat(
    {
      title: 'First token, p95',
      description:
        'The time within which 95 of 100 answers had their first token in the last 5 minutes, with the queue and the loading of models.',
      unit: 's',
      decimals: 1,
    },
    `histogram_quantile(0.95, sum by (le) (rate(sluice_time_to_first_token_seconds_bucket{${MODEL}}[5m])))`,
    upTo(10, 30),
  ),
  stat(
    {
      title: 'Running',
      description: 'Requests that have asked an engine and have not ended.',
      unit: 'short',
    },
    `sum(sluice_requests_running{${SERVER}})`,
    [{ color: 'text', value: null }],
  ),
  stat(
    {
      title: 'Waiting',
      description: 'Requests that wait for a concurrency slot of an engine.',
      unit: 'short',
    },
    `sum(sluice_queue_waiting{${SERVER}})`,
    upTo(10, 50),
  ),
  stat(
    {
      title: 'Engines down',
      description: 'Engines whose last model listing failed.',
      unit: 'short',
    },
    `count(sluice_engine_up{${ENGINE}} == 0) or vector(0)`,
    upTo(1, 1),
  ),
  stat(
    {
      title: 'Breakers open',
      description: 'Engines that get no requests because they kept failing.',
      unit: 'short',
    },
    `sum(sluice_breaker_state{${ENGINE}, state="open"})`,
    upTo(1, 1),
  ),
]

export const OVERVIEW: Panel[] = [
  ...NUMBERS,
  lines(
    {
      title: 'Requests by outcome',
      description:
        'Requests for a model that ended. ok: an answer that was not streamed. finished: a stream that was sent whole. refused: an error status of 4xx. failed: an error of an engine or of sluice. cancelled: the client left, or the request was stopped.',
      unit: 'reqps',
    },
    [rate('sluice_requests_total', KEY, 'outcome')],
    { isStacked: true },
  ),
  lines(
    {
      title: 'Failures and refusals by code',
      description:
        'Why requests failed or were refused, by the code of the error. Requests that name no model are in it, such as those that are no JSON.',
      unit: 'reqps',
    },
    [rate('sluice_request_failures_total', ENGINE, 'outcome, code')],
  ),
  lines(
    {
      title: 'Requests by model',
      description:
        'Requests that ended, by the model that was asked for; other: a name that no engine serves.',
      unit: 'reqps',
      width: 8,
    },
    [rate('sluice_requests_total', KEY, 'model')],
    { isStacked: true },
  ),
  lines(
    {
      title: 'Requests by key',
      description: 'Requests for a model that ended, by the name of the key.',
      unit: 'reqps',
      width: 8,
    },
    [rate('sluice_requests_total', KEY, 'key', NO_KEY)],
    { isStacked: true },
  ),
  lines(
    {
      title: 'Running and waiting',
      description:
        'Requests in progress, those that wait for a concurrency slot, and the most that may wait for one engine. Further ones are refused.',
      unit: 'short',
      width: 8,
    },
    [
      { expr: `sum(sluice_requests_running{${SERVER}})`, legend: 'running' },
      { expr: `sum(sluice_queue_waiting{${SERVER}})`, legend: 'waiting' },
      { expr: `max(sluice_queue_limit{${SERVER}})`, legend: 'limit for one engine' },
    ],
  ),
]
