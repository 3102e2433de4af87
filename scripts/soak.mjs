// `npm run soak -- HOST`: installs missing packages, then runs the soak. See --help.

import { spawn } from 'node:child_process'
import { binaryOf, root } from './hosts.mjs'
import { installAll } from './install.mjs'

installAll()
// A few thousand connections need more open files than a shell allows by default.
const script = 'ulimit -n "$(ulimit -Hn)"; exec "$@"'
const args = ['-c', script, 'sh', binaryOf('node'), 'test/soak/main.ts', ...process.argv.slice(2)]
const child = spawn('sh', args, { cwd: root, stdio: 'inherit' })
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
  process.on(signal, () => child.kill(signal))
}
child.on('exit', (code) => process.exit(code ?? 1))
