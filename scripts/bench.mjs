// `npm run bench`: installs missing packages, then runs the benchmark on a core of its own. Results
// from a busy machine are not reliable, so it warns where other programs are running.

import { spawn, spawnSync } from 'node:child_process'
import { availableParallelism, loadavg } from 'node:os'
import { binaryOf, root } from './hosts.mjs'
import { installAll } from './install.mjs'

installAll()
const busy = loadavg()[0] ?? 0
const needsIdleMachine = !['--quick', '--help'].some((option) => process.argv.includes(option))
if (busy > 0.5 && needsIdleMachine)
  console.error(
    `bench: expected an idle machine, but its load average is ${busy.toFixed(1)}; stop other programs for results that can be compared.`,
  )

const bench = [binaryOf('bun'), 'bench/main.ts', ...process.argv.slice(2)]
const pinned = canPin() ? ['taskset', '-c', '1', ...bench] : bench
// Thousands of streams need more open files than a shell allows by default.
const script = 'ulimit -n "$(ulimit -Hn)"; exec "$@"'
const child = spawn('sh', ['-c', script, 'sh', ...pinned], { cwd: root, stdio: 'inherit' })
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
  process.on(signal, () => child.kill(signal))
}
child.on('exit', (code) => process.exit(code ?? 1))

function canPin() {
  return availableParallelism() > 1 && spawnSync('taskset', ['--version']).status === 0
}
