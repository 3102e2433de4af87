/** Durable Objects in a real workerd, which tests call over HTTP. */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { build } from 'esbuild'
import { binaryOf } from '../../../scripts/hosts.mjs'
import { parseJson } from '../../../src/util/parse-json.ts'

export interface Objects extends AsyncDisposable {
  /** Calls a method of the test worker, and returns what it did; rejects where it threw. */
  call(path: string, ...args: unknown[]): Promise<unknown>
  /** Lets milliseconds pass for all objects. */
  pass(milliseconds: number): Promise<void>
  /** Ends workerd without a warning, and starts another one with the same disk. */
  crash(): Promise<void>
}

const config = `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = (
      modules = [(name = "worker.js", esModule = embed "worker.js")],
      compatibilityDate = "2026-11-17",
      bindings = [
        (name = "LIMITS", durableObjectNamespace = "ShiftedLimits"),
        (name = "LOGS", durableObjectNamespace = "TestLog"),
        (name = "RESPONSES", durableObjectNamespace = "BoundedResponses"),
      ],
      durableObjectNamespaces = [
        (className = "ShiftedLimits", uniqueKey = "limits", enableSql = true),
        (className = "TestLog", uniqueKey = "logs", enableSql = true),
        (className = "BoundedResponses", uniqueKey = "responses", enableSql = true),
      ],
      durableObjectStorage = (localDisk = "disk"),
    )),
    (name = "disk", disk = (path = "DISK", writable = true)),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
`

/** Starts workerd with the worker of these tests. */
export async function startObjects(): Promise<Objects> {
  // In memory where the system has such a folder: each object is some files.
  const parent = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()
  const folder = mkdtempSync(join(parent, 'sluice-objects-'))
  const disk = join(folder, 'disk')
  mkdirSync(disk)
  writeFileSync(join(folder, 'config.capnp'), config.replace('DISK', disk))
  await build({
    entryPoints: [new URL('worker.ts', import.meta.url).pathname],
    outfile: join(folder, 'worker.js'),
    bundle: true,
    format: 'esm',
    target: 'es2024',
    logLevel: 'error',
  })
  let passed = 0
  let running = await launch(folder)
  const ask = (path: string, body?: string) =>
    fetch(`http://127.0.0.1:${running.port}/${path}`, { method: 'POST', body: body ?? null })

  return {
    async call(path, ...args) {
      const response = await ask(path, JSON.stringify(args))
      if (response.status === 204) return undefined
      if (!response.ok) throw new Error(`${path}: ${await response.text()}`)
      const answer = parseJson(await response.text()) as { result?: unknown }
      return path.startsWith('logs/') ? answer.result : answer
    },
    async pass(milliseconds) {
      passed += milliseconds
      await ask(`pass/${milliseconds}`)
    },
    async crash() {
      await end(running.child)
      running = await launch(folder)
      await ask(`pass/${passed}`)
    },
    async [Symbol.asyncDispose]() {
      await end(running.child)
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function launch(folder: string): Promise<{ child: ChildProcess; port: number }> {
  const child = spawn(
    binaryOf('workerd'),
    ['serve', join(folder, 'config.capnp'), '--control-fd=3'],
    { stdio: ['ignore', 'inherit', 'inherit', 'pipe'] },
  )
  process.on('exit', () => child.kill('SIGKILL'))
  const port = await new Promise<number>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`workerd ended with ${code}`)))
    createInterface({ input: child.stdio[3] as Readable }).on('line', (line) => {
      const { event, port } = JSON.parse(line) as Record<string, unknown>
      if (event === 'listen') resolve(Number(port))
    })
  })
  return { child, port }
}

async function end(child: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGKILL')
  await ended
}
