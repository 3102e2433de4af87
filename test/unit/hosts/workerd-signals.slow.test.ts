import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { binaryOf, root } from '../../../scripts/hosts.mjs'

/** The processes that one has started, by their ids, with their command lines. */
function startedBy(pid: number): [number, string][] {
  const ids = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')
  return ids.filter(Boolean).map((id) => [Number(id), commandOf(Number(id))])
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    return ''
  }
}

// Only Linux tells which processes there are without another program.
it.runIf(process.platform === 'linux').each(['SIGTERM', 'SIGHUP'] as const)(
  'a %s while workerd starts ends it too',
  async (signal) => {
    const args = [join(root, 'src/hosts/workerd.ts'), '--port', '0', '--no-discover']
    const { NODE_OPTIONS: _, ...env } = process.env
    const host = spawn(binaryOf('node'), args, { cwd: root, env, stdio: 'ignore' })
    const exited = once(host, 'exit')
    let workerd: number | undefined
    while (workerd === undefined) {
      await new Promise((resolve) => setTimeout(resolve, 5))
      workerd = startedBy(host.pid ?? 0).find(([, each]) => each.includes('config.capnp'))?.[0]
    }
    const started = workerd
    onTestFinished(() => {
      if (commandOf(started) !== '') process.kill(started, 'SIGKILL')
    })
    host.kill(signal)
    await exited
    await expect.poll(() => commandOf(started), { timeout: 5_000 }).toBe('')
  },
  40_000,
)
