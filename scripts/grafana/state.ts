import { SERVER, WINDOW } from './filters.ts'
import { lines, type Panel } from './panels.ts'

/** The store that instances share. */
export const STATE: Panel[] = [
  lines(
    {
      title: 'The store that is shared',
      description:
        'Whether each instance can use the store: 1, or 0 while it is away. Empty where nothing is shared.',
      unit: 'short',
      width: 8,
    },
    [{ expr: `min by (instance) (sluice_state_up{${SERVER}})`, legend: '{{instance}}' }],
  ),
  lines(
    {
      title: 'Instances that share it',
      description: 'As each instance saw last. While the store is away, limits are divided by it.',
      unit: 'short',
      width: 8,
    },
    [{ expr: `max by (instance) (sluice_state_instances{${SERVER}})`, legend: '{{instance}}' }],
  ),
  lines(
    {
      title: 'Decided without the store',
      description:
        'Requests that were decided on while the store was away, by the policy in force.',
      unit: 'reqps',
      width: 8,
    },
    [
      {
        expr: `sum by (policy) (rate(sluice_state_fallbacks_total{${SERVER}}${WINDOW})) or label_replace(vector(0), "policy", "none", "", "")`,
        legend: '{{policy}}',
      },
    ],
  ),
  lines(
    {
      title: 'Calls to the store',
      description: 'By what was asked for, and how it ended: away are those that were not sent.',
      unit: 'cps',
      width: 12,
    },
    [
      {
        expr: `sum by (operation, result) (rate(sluice_state_calls_total{${SERVER}}${WINDOW}))`,
        legend: '{{operation}} {{result}}',
      },
    ],
  ),
  lines(
    {
      title: 'Time of a call to the store, 99th percentile',
      description: 'A request waits for admit; nothing waits for the others.',
      unit: 's',
      width: 12,
    },
    [
      {
        expr: `histogram_quantile(0.99, sum by (le, operation) (rate(sluice_state_call_duration_seconds_bucket{${SERVER}}${WINDOW})))`,
        legend: '{{operation}}',
      },
    ],
  ),
]
