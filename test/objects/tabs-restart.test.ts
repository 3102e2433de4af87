// The object of browser tabs is restarted in the middle of a stream, in a real workerd.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { build } from 'esbuild'
import { expect, it } from 'vitest'
import { binaryOf } from '../../scripts/hosts.mjs'
import { tabModel as model, openTab } from '../support/tab.ts'

const config = `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = (
      modules = [(name = "worker.js", esModule = embed "worker.js")],
      compatibilityDate = "2026-11-17",
      bindings = [
        (name = "SLUICE_CONFIG", text = "{\\"discover\\":false,\\"log\\":\\"none\\"}"),
        (name = "EXPOSURE", text = "machine"),
        (name = "TABS", durableObjectNamespace = "RestartingTabs"),
      ],
      durableObjectNamespaces = [
        (className = "RestartingTabs", uniqueKey = "tabs", enableSql = true),
      ],
      durableObjectStorage = (localDisk = "disk"),
    )),
    (name = "disk", disk = (path = "DISK", writable = true)),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
`

async function start() {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-restart-'))
  mkdirSync(join(folder, 'disk'))
  writeFileSync(join(folder, 'config.capnp'), config.replace('DISK', join(folder, 'disk')))
  await build({
    entryPoints: [new URL('support/restarting.ts', import.meta.url).pathname],
    outfile: join(folder, 'worker.js'),
    ...({ bundle: true, format: 'esm', target: 'es2024', logLevel: 'error' } as const),
    conditions: ['workerd', 'worker'],
  })
  const child = spawn(
    binaryOf('workerd'),
    ['serve', join(folder, 'config.capnp'), '--control-fd=3'],
    { stdio: ['ignore', 'ignore', 'ignore', 'pipe'] },
  )
  const [line] = await once(createInterface({ input: child.stdio[3] as Readable }), 'line')
  const { port } = JSON.parse(String(line)) as { port: number }
  return {
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await once(child, 'exit')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

it('ends a stream with one error and no end marker, and the tab joins again by itself', async () => {
  await using server = await start()
  using tab = await openTab(server.url, { isEndless: true, tokenDelay: 20 })
  const ask = (body: object) =>
    fetch(`${server.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model, messages: [{ role: 'user', content: 'Hi' }], ...body }),
    })
  const response = await ask({ stream: true })
  const reader = (response.body as ReadableStream<Uint8Array>).getReader()
  let text = new TextDecoder().decode((await reader.read()).value)
  const restarting = fetch(`${server.url}/v1/restart`)
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    text += new TextDecoder().decode(part.value)
  }
  expect(text.match(/"code":"engine_lost"/g)).toHaveLength(1)
  expect(text).not.toContain('[DONE]')
  const restarted = await restarting
  expect([restarted.status, await restarted.text()]).toEqual([
    503,
    expect.stringContaining('tabs join again by themselves'),
  ])
  const joins = () => tab.statuses.filter(({ kind }) => kind === 'joined').length
  await expect.poll(joins, { timeout: 10_000 }).toBe(2)
  const again = await ask({ max_tokens: 3 })
  expect(again.status).toBe(200)
}, 60_000)
