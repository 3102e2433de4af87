import { SERVER, WINDOW } from './filters.ts'
import { lines, type Panel } from './panels.ts'

const rate = (metric: string) => `rate(${metric}{${SERVER}}${WINDOW})`

/** Streams that can be resumed. */
export const STREAMS: Panel[] = [
  lines(
    {
      title: 'Streams that can be resumed',
      description: 'Those that each process produces now, responses in the background among them.',
      unit: 'short',
      width: 8,
    },
    [{ expr: `sum by (instance) (sluice_streams_running{${SERVER}})`, legend: '{{instance}}' }],
  ),
  lines(
    {
      title: 'Resumed, ended, lost',
      description:
        'Resumed: by their clients, where this process produces them (local) or another one (shared). Buried: ended by this process because the one that produced them was gone.',
      unit: 'cps',
      width: 8,
    },
    [
      {
        expr: `sum by (log) (${rate('sluice_streams_resumed_total')})`,
        legend: 'resumed, {{log}}',
      },
      { expr: `sum by (end) (${rate('sluice_streams_ended_total')})`, legend: '{{end}}' },
      { expr: `sum(${rate('sluice_streams_buried_total')}) or vector(0)`, legend: 'buried' },
    ],
  ),
  lines(
    {
      title: 'Time until an event is stored, 99th percentile',
      description:
        'What an instance that dies can lose. Clients at the instance that produces a stream do not wait for it.',
      unit: 's',
      width: 8,
    },
    [
      {
        expr: `histogram_quantile(0.99, sum by (le) (${rate('sluice_streams_stored_seconds_bucket')}))`,
        legend: 'p99',
      },
    ],
  ),
]
