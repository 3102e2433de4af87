/** `npm run bench`: measures sluice, other proxies and the minimum on each host in one run. */
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { binaryOf, type Runtime, root } from '../scripts/hosts.mjs'
import { candidates } from './candidates.ts'
import { comparison } from './comparison.ts'
import { load, machineLines, versions } from './machine.ts'
import { measureSize } from './measure/size.ts'
import { type Options, readOptions, usage } from './options.ts'
import { canPin } from './process.ts'
import { tables } from './report.ts'
import { type Outcome, run } from './run.ts'
import type { Bench } from './runner.ts'
import { useShape } from './script.ts'
import { startUpstream } from './upstream.ts'

const say = (line: string) => process.stderr.write(`${line}\n`)

if (process.argv.includes('--help')) {
  console.log(usage)
  process.exit(0)
}
// A signal must lead to a normal exit, because the exit handler ends the programs that are measured.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => process.exit(130))
}
const options = await parse(process.argv.slice(2))
if (options.shape) useShape(options.shape)
const pins = canPin && cpus().length > 1
const bench: Bench = {
  upstream: startUpstream(),
  core: pins ? 0 : undefined,
  // A short run must not take a whole core from other programs.
  spins: pins && options.scale === 1,
  scale: options.scale,
}
const before = load()
const startedAt = new Date()
const outcome = await run(bench, options, say)
if (options.what.includes('inprocess')) await recordInProcess(outcome)
if (options.what.includes('size')) {
  outcome.samples.record(0, 'sluice-workerd', await measureSize())
}
const text = describe(outcome, options)
console.log(text)
if (options.write) writeFileSync(join(root, 'bench/RESULTS.md'), text)
if (options.json) {
  const { samples, notes } = outcome
  writeFileSync(options.json, JSON.stringify({ rounds: samples, notes, versions: versions() }))
}
process.exit(0)

async function parse(args: string[]): Promise<Options> {
  try {
    return await readOptions(args)
  } catch (error) {
    say(`bench: ${error instanceof Error ? error.message : String(error)}`)
    say('bench: "npm run bench -- --help" lists the options.')
    process.exit(2)
  }
}

/** Counts each repeat as a round. */
async function recordInProcess({ samples, notes }: Outcome): Promise<void> {
  const runtimes: [Runtime, string[]][] = [
    ['bun', []],
    ['deno', ['run', '--no-prompt', '--no-lock', '--allow-env']],
    ['node', []],
  ]
  for (const [runtime, flags] of runtimes) {
    const name = `sluice-${runtime}`
    if (!options.only.includes(name)) continue
    const repeats = options.scale < 1 ? 1 : 12
    const script = ['bench/measure/in-process.ts', String(repeats)]
    const pin = pins ? ['taskset', '-c', '0'] : []
    const [file = '', ...args] = [...pin, binaryOf(runtime), ...flags, ...script]
    try {
      const costs = JSON.parse(
        execFileSync(file, args, { cwd: root, encoding: 'utf8' }),
      ) as number[]
      for (const [round, cost] of costs.entries()) {
        samples.record(round, name, { 'inprocess.token': cost })
      }
    } catch (error) {
      notes.push(`${name} (inprocess): ${String(error)}`)
    }
  }
}

function describe({ samples, notes }: Outcome, options: Options): string {
  const { only, rounds, scale, shape } = options
  const shown = candidates.filter(({ name }) => only.includes(name))
  const list = (lines: string[]) => lines.map((line) => `- ${line}`).join('\n')
  return `# What sluice costs

Measured on ${startedAt.toISOString().slice(0, 16).replace('T', ' ')} UTC in ${rounds} ${rounds === 1 ? 'round' : 'rounds'}${scale < 1 ? ` **with only ${scale} of the usual time for each measurement**` : ''}. Each figure is the median of all rounds, with the minimum and the maximum in brackets; a ratio is the ratio of two medians. In every round all candidates are started again and take turns (A B C … A B C …).

Run it again with \`npm run bench -- --write\`; \`npm run bench -- --help\` lists the options. No other program should run meanwhile.

${list([
  ...machineLines(),
  pins
    ? 'the candidate is pinned to core 0; the upstream and the clients are one process over raw TCP on core 1, which never sleeps while it measures'
    : '**programs cannot be pinned to a core here**: the candidate and the load generator disturb each other',
  `load average ${before.toFixed(2)} before and ${load().toFixed(2)} after; the benchmark itself accounts for 1 to 2`,
  Object.entries(versions())
    .map(([name, version]) => `${name} ${version}`)
    .join(', '),
])}

The chunks have the form of ${shape ?? 'Ollama, vLLM, llama-server and OpenAI, a quarter each'}. Every chunk of the stream is one chunk of HTTP's chunked encoding and, except in a flood, one packet.

${glossary(shown.map(({ name, what }) => [name, what]))}

${tables(samples, only)}
${comparison(samples, only)}${notes.length > 0 ? `\n## Left out or failed\n\n${list(notes)}\n` : ''}`
}

function glossary(rows: string[][]): string {
  return [
    '| candidate | what it is |',
    '|---|---|',
    ...rows.map(([a, b]) => `| ${a} | ${b} |`),
  ].join('\n')
}
