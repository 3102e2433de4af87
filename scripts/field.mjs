// `npm run test:field`: installs missing packages and the clients, then drives them; `--help` lists how.

import { spawn, spawnSync } from 'node:child_process'
import { binaryOf, root } from './hosts.mjs'
import { installAll } from './install.mjs'

const args = process.argv.slice(2)
const suite = [binaryOf('node'), 'test/field/main.ts', ...args]

installAll()
if (['--help', '--table', '--install'].some((flag) => args.includes(flag))) run(suite)
else {
  // Clients come from the network, and then run without one.
  const [file = '', ...rest] = [...suite, '--install']
  const { status } = spawnSync(file, rest, { cwd: root, stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
  run([...withoutNetwork(), ...suite])
}

/** The words before a command that give it a network with loopback only, where the system can. */
function withoutNetwork() {
  if (process.platform !== 'linux') return []
  // Who is not root becomes it in a namespace of its own, to be allowed to make the others.
  const user = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user']
  const flags = [...user, '--net', '--pid', '--fork', '--kill-child', '--mount-proc']
  const words = ['unshare', ...flags, 'sh', '-c', 'ip link set lo up && exec "$@"', 'sh']
  const [file = '', ...rest] = [...words, 'true']
  if (spawnSync(file, rest).status === 0) return words
  console.error(
    'field: unshare and ip cannot make a network of their own here; the clients run with this machine’s.',
  )
  return []
}

/** @param {string[]} argv */
function run([file = '', ...rest]) {
  const child = spawn(file, rest, { cwd: root, stdio: 'inherit' })
  // The terminal sends Ctrl-C to both; what was driven is stored.
  process.on('SIGINT', () => {})
  for (const signal of /** @type {const} */ (['SIGTERM', 'SIGHUP'])) {
    // unshare ignores the others; what runs in its namespace ends with it.
    process.on(signal, () => child.kill(file === 'unshare' ? 'SIGKILL' : signal))
  }
  child.on('exit', (code) => process.exit(code ?? 1))
}
