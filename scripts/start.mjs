// `npm start`: installs what serving needs where it is missing, then runs a host.
// It must run on Node 22 with nothing installed.

import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { hostCommand, hosts } from './hosts.mjs'
import { installForServing } from './install.mjs'

const [name = 'bun', ...args] = process.argv.slice(2)
if (!isHost(name)) fail(`there is no host "${name}": choose ${Object.keys(hosts).join(', ')}.`, 2)

try {
  installForServing(name, needsWebgpu() ? ['@mlc-ai/web-llm'] : [])
} catch (error) {
  fail(error instanceof Error ? error.message : String(error), 1)
}
run(hostCommand(name, args))

/**
 * Runs the command until it ends, passes on each signal once, and exits as it did.
 * @param {ReturnType<typeof hostCommand>} command
 */
function run({ file, args, env, cwd }) {
  // In a process group of its own: Ctrl-C reaches everyone in a terminal's group, and npm passes it
  // on besides. The server would take the second one for "end at once". A chat shares the terminal:
  // there Ctrl-C is a key, and no signal tells those outside the group of another window size.
  const detached = process.platform !== 'win32' && process.argv[3] !== 'chat'
  const child = spawn(file, args, { cwd, env, detached, stdio: 'inherit' })
  const last = new Map()
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
    process.on(signal, () => {
      const now = performance.now()
      const isEcho = now - (last.get(signal) ?? Number.NEGATIVE_INFINITY) < 300
      last.set(signal, now)
      if (!isEcho) child.kill(signal)
    })
  }
  if (process.env.npm_lifecycle_event) whenOrphaned(() => child.kill('SIGTERM'))
  child.on('error', (error) => fail(`${file} could not be started (${error.message}).`, 1))
  child.on('exit', (code, signal) => {
    process.exit(signal ? 128 + constants.signals[signal] : (code ?? 1))
  })
}

/**
 * npm hands a SIGTERM to a shell that dies of it without a word to us.
 * @param {() => void} act
 */
function whenOrphaned(act) {
  const parent = process.ppid
  const timer = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(timer)
    act()
  }, 500)
}

/** Whether models are to run on the GPU: that needs a package that nothing else does. */
function needsWebgpu() {
  return name === 'deno' && (args.includes('--webgpu') || process.env.SLUICE_WEBGPU !== undefined)
}

/** @param {string} word @returns {word is keyof typeof hosts} */
function isHost(word) {
  return Object.hasOwn(hosts, word)
}

/** @param {string} message @param {number} code @returns {never} */
function fail(message, code) {
  console.error(`sluice: ${message}`)
  process.exit(code)
}
