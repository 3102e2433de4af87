/**
 * The share of prompt tokens that servers find in their caches, with and without affinity:
 * `node bench/measure/affinity.ts [SEEDS]` prints a table. Two scripted servers keep prompts as
 * llama-server does; their seconds are a hundredth of a second here.
 */
import { type Result, runAgents, type Scenario } from '../agents.ts'

const SEEDS = Number(process.argv[2] ?? 3)

const base = { turns: 10, scale: 100, affinity: 'auto' } as const

const scenarios: [string, Omit<Scenario, 'seed' | 'affinity'>][] = [
  ...[1, 2, 3, 4, 8].map((agents): [string, Omit<Scenario, 'seed' | 'affinity'>] => [
    `${agents} ${agents === 1 ? 'agent' : 'agents'}, 4 slots`,
    { ...base, agents, slots: 4 },
  ]),
  ['8 agents, 4 slots, server fails', { ...base, agents: 8, slots: 4, failsOver: true }],
  ...[1, 2, 3, 4].map((agents): [string, Omit<Scenario, 'seed' | 'affinity'>] => [
    `${agents} ${agents === 1 ? 'agent' : 'agents'}, 1 slot`,
    { ...base, agents, slots: 1, maxConcurrency: 1 },
  ]),
  [
    '4 agents, 1 slot, prompts in memory',
    { ...base, agents: 4, slots: 1, maxConcurrency: 1, kept: 8 },
  ],
  ['12 agents, 4 slots, overload', { ...base, agents: 12, slots: 4, maxConcurrency: 4 }],
  [
    '12 agents, 2 slots, prompts in memory',
    { ...base, agents: 12, slots: 2, maxConcurrency: 2, kept: 8 },
  ],
]

const columns = [
  ['off', { affinity: 'off' }],
  ['no wait', { affinity: 'auto', affinityWait: 0 }],
  ['5 s', { affinity: 'auto', affinityWait: 5 }],
  ['10 s', { affinity: 'auto', affinityWait: 10 }],
  ['20 s', { affinity: 'auto', affinityWait: 20 }],
] as const

console.log(`| two servers | ${columns.map(([name]) => name).join(' | ')} |`)
console.log(`|---|${columns.map(() => '---|').join('')}`)
for (const [name, scenario] of scenarios) {
  const cells: string[] = []
  for (const [, options] of columns) {
    const results: Result[] = []
    for (let seed = 1; seed <= SEEDS; seed++) {
      results.push(await runAgents({ ...scenario, ...options, seed }))
    }
    cells.push(cell(results))
  }
  console.log(`| ${name} | ${cells.join(' | ')} |`)
}

/** The share in percent, the seconds of a turn, and those until all were done: means over the seeds. */
function cell(results: Result[]): string {
  const mean = (of: (result: Result) => number) =>
    results.reduce((sum, result) => sum + of(result), 0) / results.length
  const share = Math.round(mean(({ cachedShare }) => cachedShare) * 100)
  const turn = mean(({ turnSeconds }) => turnSeconds).toFixed(1)
  return `${share} %, ${turn} s, ${Math.round(mean(({ seconds }) => seconds))} s`
}
