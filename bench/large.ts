/**
 * What requests of megabytes cost: CPU milliseconds for each MB, from the packets of the client's body to the
 * bytes for the upstream, in one process of each runtime. `npm run bench:large -- --help`.
 */
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { hosts } from '../scripts/hosts.mjs'
import { quantile } from './stats.ts'
import { number, table } from './table.ts'

const usage = `Measures what requests of megabytes cost: node bench/large.ts [options]

  --runtimes A,B  of bun, deno, node; all by default
  --rounds N      how often each kind of request is measured; 20 by default
  --against DIR   another checkout, with its packages, that takes turns with this one
  --json          prints the values of all rounds as JSON`

const { values } = parseArgs({
  options: {
    runtimes: { type: 'string', default: 'bun,deno,node' },
    rounds: { type: 'string', default: '20' },
    against: { type: 'string' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
if (values.help) {
  console.log(usage)
  process.exit(0)
}

const root = fileURLToPath(new URL('..', import.meta.url))
const folders = [...(values.against === undefined ? [] : [values.against]), root]
// With V8 as `npm run start:deno` runs it: with a large space for new objects, V8 copies what is parsed in steps.
const v8 = hosts.deno.args.filter((each) => each.startsWith('--v8-flags='))
const flags: Record<string, string[]> = { deno: ['run', '--allow-all', '--quiet', ...v8] }

for (const runtime of values.runtimes.split(',')) {
  const args = [...(flags[runtime] ?? []), 'bench/measure/large.ts', values.rounds, ...folders]
  const output = execFileSync(runtime, args, { cwd: root, encoding: 'utf8' })
  if (values.json) console.log(output)
  else print(runtime, JSON.parse(output) as Record<string, number[][]>)
}

/** The lower quartile too: what disturbs a machine only adds. */
function print(runtime: string, costs: Record<string, number[][]>): void {
  const rows = Object.entries(costs).map(([name, all]) => {
    const figures = all.flatMap((of) => [quantile(of, 0.25), quantile(of, 0.5)])
    return [name, ...figures.map(number)]
  })
  const columns = folders.map((folder) => (folder === root ? 'here' : 'there'))
  const header = columns.flatMap((of) => [`${of}: lower quartile`, 'median'])
  console.log(table([`${runtime}, CPU ms for each MB`, ...header], rows), '\n')
}
