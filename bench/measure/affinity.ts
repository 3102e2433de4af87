/**
 * The share of prompt tokens that servers find in their caches, with and without affinity:
 * `node bench/measure/affinity.ts [SEEDS]` prints a table, and what recognizing a conversation costs. Two
 * scripted servers keep prompts as llama-server does; one of their seconds takes 40 ms here.
 */
import { conversationOf } from '../../src/routes/affinity.ts'
import { type Result, runAgents, type Scenario } from '../agents.ts'
import { median } from '../stats.ts'

type Shape = Omit<Scenario, 'seed' | 'affinity'>

const SEEDS = Number(process.argv[2] ?? 3)

const base = { turns: 10, scale: 25 }

const limited = (slots: number) => ({ ...base, slots, maxConcurrency: slots })

const counted = (agents: number) => `${agents} ${agents === 1 ? 'agent' : 'agents'}`

const scenarios: [string, Shape][] = [
  ...[1, 2, 3, 4, 8].map((agents): [string, Shape] => [
    `${counted(agents)}, 4 slots`,
    { ...base, agents, slots: 4 },
  ]),
  [
    '8 agents, 4 slots, one server gone for a third',
    { ...base, agents: 8, slots: 4, failsOver: true },
  ],
  ...[1, 2, 3].map((agents): [string, Shape] => [
    `${counted(agents)}, 1 slot`,
    { ...limited(1), agents },
  ]),
  ['4 agents, 1 slot, 8 prompts in memory', { ...limited(1), agents: 4, kept: 8 }],
  ['12 agents, 2 slots, 8 prompts in memory', { ...limited(2), agents: 12, kept: 8 }],
  ['12 agents, 4 slots', { ...limited(4), agents: 12 }],
]

const columns = [
  ['`off`', { affinity: 'off' }],
  ['`auto`, `--affinity-wait 0`', { affinity: 'auto', affinityWait: 0 }],
  ['`auto`', { affinity: 'auto' }],
] as const

console.log(`| at each of two servers | ${columns.map(([name]) => name).join(' | ')} |`)
console.log(`|---|${columns.map(() => '---|').join('')}`)
for (const [name, shape] of scenarios) {
  const cells: string[] = []
  for (const [, options] of columns) {
    const results: Result[] = []
    for (let seed = 1; seed <= SEEDS; seed++) {
      results.push(await runAgents({ ...shape, ...options, seed }))
    }
    cells.push(cell(results))
  }
  console.log(`| ${name} | ${cells.join(' | ')} |`)
}
console.log(`\nRecognizing a conversation of 200 KB takes ${cost(200_000).toFixed(1)} µs.`)

/** The share in percent, and the tokens of a prompt that are processed: means over the seeds. */
function cell(results: Result[]): string {
  const mean = (of: (result: Result) => number) =>
    results.reduce((sum, result) => sum + of(result), 0) / results.length
  const share = Math.round(mean(({ cachedShare }) => cachedShare) * 100)
  const processed = Math.round(mean((result) => result.processed) / 10) * 10
  return `${share} %, ${processed.toLocaleString('en')}`
}

/** Microseconds for the key and the length of a parsed request with so many bytes. */
function cost(bytes: number): number {
  const words = 'word '.repeat(400)
  const turns = Array.from({ length: bytes / words.length }, (_, at) => {
    return { role: at % 2 === 0 ? 'user' : 'assistant', content: `${at} ${words}` }
  })
  const asked = { messages: [{ role: 'system', content: words.repeat(20) }, ...turns] }
  const text = JSON.stringify(asked)
  const headers = new Headers({ 'content-type': 'application/json', authorization: 'Bearer x' })
  const times: number[] = []
  for (let round = 0; round < 2_000; round++) {
    // A parsed body has strings that nothing has read yet.
    const body = JSON.parse(text) as typeof asked
    const started = performance.now()
    const hint = conversationOf(
      headers,
      { body, conversation: body.messages },
      { affinity: 'auto' },
    )
    if (!hint?.key('m') || hint.length() < bytes / 2) throw new Error('expected a conversation')
    times.push((performance.now() - started) * 1_000)
  }
  return median(times)
}
