// `npm start`: installs the packages that a server needs, where they are missing, and runs a host. Meanwhile
// the page is built, with what only the page needs.
// This file and its imports must run on Node 22 with no packages installed.

import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { hostCommand, hosts, namesRedis, wantsPage } from './hosts.mjs'
import { installForServing } from './install.mjs'

const [name = 'bun', ...args] = process.argv.slice(2)
if (!isHost(name)) fail(`host: expected one of ${Object.keys(hosts).join(', ')}, got "${name}".`, 2)

try {
  installForServing(name, [
    ...(needsWebgpu() ? ['@mlc-ai/web-llm'] : []),
    ...(needsRedis() ? ['@redis/client'] : []),
  ])
} catch (error) {
  fail(error instanceof Error ? error.message : String(error), 1)
}
const page = wantsPage(args) ? await lendPage() : undefined
run(hostCommand(name, args), page?.env)
void page?.begin()

/** Where it cannot be lent, the server does without it. */
async function lendPage() {
  const { servePage } = await import('./page-server.mjs')
  const tell = (/** @type {string} */ text) => console.error(`sluice: ${text}`)
  try {
    const { url, ...rest } = await servePage(tell)
    return { ...rest, env: { SLUICE_PAGE_SERVER: url } }
  } catch (error) {
    tell(`page: it cannot be served: ${error instanceof Error ? error.message : error}`)
    return undefined
  }
}

/**
 * Runs the command until it exits, forwards each signal once, and exits with the same code.
 * @param {ReturnType<typeof hostCommand>} command
 * @param {Record<string, string>} [more] of the environment
 */
function run({ file, args, env, cwd }, more = {}) {
  // In a process group of its own: a terminal sends Ctrl-C to every process of its group, and npm
  // forwards it too. The server would take the second signal as an order to exit at once. A chat
  // and top stay in the terminal's group: they read Ctrl-C as a key, and need the signal for a new size.
  const isTyped = ['chat', 'top'].includes(process.argv[3] ?? '')
  const detached = process.platform !== 'win32' && !isTyped
  const child = spawn(file, args, { cwd, env: { ...env, ...more }, detached, stdio: 'inherit' })
  const last = new Map()
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
    process.on(signal, () => {
      const now = performance.now()
      const isDuplicate = now - (last.get(signal) ?? Number.NEGATIVE_INFINITY) < 300
      last.set(signal, now)
      page?.release()
      if (!isDuplicate) child.kill(signal)
    })
  }
  if (process.env.npm_lifecycle_event)
    whenOrphaned(() => {
      page?.release()
      child.kill('SIGTERM')
    })
  child.on('error', ({ message }) =>
    fail(`${name}: cannot start ${file} (${message}); delete node_modules and start again.`, 1),
  )
  child.on('exit', (code, signal) => {
    page?.close()
    process.exit(signal ? 128 + constants.signals[signal] : (code ?? 1))
  })
}

/**
 * Calls `act` when the parent process has exited. npm sends a SIGTERM only to its shell, which exits
 * without forwarding it.
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

/** Whether models will run on the GPU, which needs a package that is otherwise not installed. */
function needsWebgpu() {
  return name === 'deno' && (args.includes('--webgpu') || process.env.SLUICE_WEBGPU !== undefined)
}

/** Whether instances share state, which needs a package that is otherwise not installed. */
function needsRedis() {
  return name !== 'workerd' && namesRedis(args)
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
