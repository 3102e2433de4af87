import { SERVER, WINDOW } from './filters.ts'
import { lines, type Panel } from './panels.ts'

const rate = (metric: string) => `rate(${metric}{${SERVER}}${WINDOW})`

/** Browser tabs that answer. */
export const TABS: Panel[] = [
  lines(
    {
      title: 'Browser tabs',
      description:
        'Those that are joined, by what they do. Away: the connection has broken, and the tab has 8 seconds to come back.',
      unit: 'short',
      width: 12,
    },
    [{ expr: `sum by (state) (sluice_tabs{${SERVER}})`, legend: '{{state}}' }],
  ),
  lines(
    {
      title: 'Joined, resumed, gone',
      description:
        'Gone by why: closed by whom the tab belongs to, lost with its connection, silent as its script did not reply, replaced as it joined anew, dismissed by the operator or with its key, misbehaved, or the shutdown of the server.',
      unit: 'cps',
      width: 12,
    },
    [
      { expr: `sum(${rate('sluice_tabs_joined_total')}) or vector(0)`, legend: 'joined' },
      { expr: `sum(${rate('sluice_tabs_resumed_total')}) or vector(0)`, legend: 'resumed' },
      { expr: `sum by (reason) (${rate('sluice_tabs_left_total')})`, legend: '{{reason}}' },
    ],
  ),
]
