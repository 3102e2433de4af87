// `npm run fuzz`: installs missing packages, then generates inputs and compares; `--help` lists how.

import { spawn } from 'node:child_process'
import { binaryOf, root } from './hosts.mjs'
import { installAll } from './install.mjs'

installAll()
// Old inputs are garbage at once: a small heap keeps the process small over hours.
const argv = ['--max-old-space-size=768', 'test/fuzz/main.ts', ...process.argv.slice(2)]
const child = spawn(binaryOf('node'), argv, { cwd: root, stdio: 'inherit' })
// The terminal sends Ctrl-C to both; the child tells its result and ends.
process.on('SIGINT', () => {})
for (const signal of /** @type {const} */ (['SIGTERM', 'SIGHUP'])) {
  process.on(signal, () => child.kill(signal))
}
child.on('exit', (code) => process.exit(code ?? 1))
