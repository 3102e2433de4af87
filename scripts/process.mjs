// Child processes that are ended when their time is up.

import { execFileSync, spawn } from 'node:child_process'
import { root } from './hosts.mjs'

/** The process groups that are running, by the pid of their first process. */
const running = new Set()

/**
 * Returns what a command prints; throws when it fails.
 * @param {string} file
 * @param {string[]} args
 */
export function capture(file, args) {
  return execFileSync(file, args, { cwd: root, encoding: 'utf8', maxBuffer: 64 << 20 })
}

/**
 * Runs a command in a process group of its own, and ends the group when the command exits or its time
 * is up. `output` holds stdout and stderr together.
 * @param {string[]} argv
 * @param {number} seconds
 * @param {Record<string, string>} [more] of the environment
 * @returns {Promise<{ ok: boolean, output: string }>}
 */
export function run([file = '', ...args], seconds, more = {}) {
  const env = { ...process.env, ...more, WRANGLER_SEND_METRICS: 'false', NO_COLOR: '1' }
  const child = spawn(file, args, {
    cwd: root,
    env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  /** @type {Buffer[]} */
  const output = []
  child.stdout.on('data', (data) => output.push(data))
  child.stderr.on('data', (data) => output.push(data))
  running.add(child.pid)
  return new Promise((resolve) => {
    let note = ''
    const timer = setTimeout(() => {
      note = `\nStopped: it took longer than ${seconds} s.\n`
      endGroup(child.pid)
    }, seconds * 1000)
    /** @param {boolean} ok */
    const settle = (ok) => {
      clearTimeout(timer)
      running.delete(child.pid)
      resolve({ ok: ok && note === '', output: Buffer.concat(output).toString() + note })
    }
    child.on('exit', (code) => {
      signalGroup(child.pid, 'SIGKILL')
      // The pipes may still hold output. They may also stay open, in a process that left the group.
      const settled = setTimeout(settle, 1000, code === 0)
      child.once('close', () => {
        clearTimeout(settled)
        settle(code === 0)
      })
    })
    child.on('error', (error) => {
      note = `${file}: ${error.message}\n`
      settle(false)
    })
  })
}

/** Ends every group that is still running. */
export function endAll() {
  for (const pid of running) signalGroup(pid, 'SIGKILL')
}

/** @param {number | undefined} pid */
function endGroup(pid) {
  signalGroup(pid, 'SIGTERM')
  setTimeout(() => signalGroup(pid, 'SIGKILL'), 5000).unref()
}

/** @param {number | undefined} pid @param {NodeJS.Signals} signal */
function signalGroup(pid, signal) {
  if (pid === undefined) return
  try {
    process.kill(-pid, signal)
  } catch {
    // The group has ended already.
  }
}
