// The examples that run in a process of their own.
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { server as student } from '../../../examples/fixed-sentence/server.ts'
import { binaryOf, root } from '../../../scripts/hosts.mjs'
import { serve } from '../../../src/hosts/node.ts'
import { closedPort } from '../../support/upstream.ts'

const folder = mkdtempSync(join(tmpdir(), 'sluice-examples-'))
afterAll(() => rmSync(folder, { recursive: true }))

it('has a README.md in each folder, and all of them in its own', () => {
  const path = join(root, 'examples')
  const index = readFileSync(join(path, 'README.md'), 'utf8')
  const folders = readdirSync(path, { withFileTypes: true }).filter((each) => each.isDirectory())
  expect(folders.length).toBeGreaterThan(7)
  for (const { name } of folders) {
    expect(index).toContain(`[${name}](${name})`)
    expect(readFileSync(join(path, name, 'README.md'), 'utf8')).toMatch(/^# /)
  }
})

describe('cloudflare-worker', () => {
  let workerd: ChildProcess
  let url: string
  let output = ''

  beforeAll(async () => {
    await build({
      entryPoints: [join(root, 'examples/cloudflare-worker/worker.ts')],
      outfile: join(folder, 'worker.js'),
      alias: { '@sluice/sluice': join(root, 'src/index.ts') },
      bundle: true,
      format: 'esm',
      conditions: ['workerd'],
    })
    const port = await closedPort()
    url = `http://127.0.0.1:${port}`
    const config = join(folder, 'config.capnp')
    writeFileSync(
      config,
      `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = (
    modules = [(name = "worker.js", esModule = embed "worker.js")],
    compatibilityDate = "2026-11-17",
    bindings = [
      (name = "SLUICE_INSECURE", text = "1"),
      (name = "SLUICE_STATIC_DELAY", text = "20ms"),
    ],
  ))],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")],
);
`,
    )
    workerd = spawn(binaryOf('workerd'), ['serve', config])
    for (const stream of [workerd.stdout, workerd.stderr]) {
      stream?.on('data', (data) => {
        output += data
      })
    }
    const isUp = () =>
      fetch(url).then(
        ({ ok }) => ok,
        () => false,
      )
    for (let tries = 0; tries < 200 && !(await isUp()); tries++) await sleep(50)
  }, 60_000)
  afterAll(() => workerd.kill('SIGKILL'))

  const post = (path: string, body: object) =>
    fetch(`${url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'static', ...body }),
    })

  it('answers its own route, and the API below /ai', async () => {
    expect(await (await fetch(url)).text()).toContain('The API is below /ai/v1.')
    const messages = [{ role: 'user', content: 'Hi' }]
    const stream = await (await post('/ai/v1/chat/completions', { messages, stream: true })).text()
    expect(stream).toMatch(/data: \[DONE\]\n\n$/)
    await expect.poll(() => output).toContain('"path":"/ai/v1/chat/completions"')
  })

  it('goes on after a response, by the context that it hands over', async () => {
    const created = await post('/ai/v1/responses', { input: 'Hi', background: true })
    expect(created.status).toBe(200)
    const { id } = (await created.json()) as { id: string }
    const statusOf = async () =>
      ((await (await fetch(`${url}/ai/v1/responses/${id}`)).json()) as { status: string }).status
    await expect.poll(statusOf, { timeout: 10_000 }).toBe('completed')
  })
})

describe('ci-check', () => {
  const listen = async (server: typeof student) => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`
  }

  function check(url: string): Promise<{ code: number; report: string }> {
    const report = join(folder, 'report.md')
    const sluice = `${binaryOf('node')} ${join(root, 'src/cli/sluice.ts')}`
    const env = { ...process.env, SLUICE: sluice, REPORT: report }
    return new Promise((resolve) => {
      execFile('sh', [join(root, 'examples/ci-check/check.sh'), url], { env }, (error) => {
        const code = error === null ? 0 : Number(error.code)
        resolve({ code, report: readFileSync(report, 'utf8') })
      })
    })
  }

  it('passes a server that streams as it should', async () => {
    const server = await serve({ port: 0, discover: false, staticDelay: 20 })
    const { code, report } = await check(`${server.url}/v1`)
    await server.stop(0)
    expect(report).toContain('# ')
    expect(code).toBe(0)
  }, 60_000)

  it('tells what the server of a first lesson lacks', async () => {
    const { code, report } = await check(await listen(student))
    student.close()
    expect(report).toMatch(/broken|breaks/i)
    expect(code).toBe(1)
  }, 60_000)

  it('fails for one that breaks a rule', async () => {
    const broken = createServer((request, response) => {
      if (request.url === '/v1/models') return response.end('{"data":[{"id":"m"}]}')
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      // Not JSON, and no end.
      return response.end('data: {"choices":[{"delta":{"content":"Hel\n\n')
    })
    const { code } = await check(await listen(broken))
    broken.close()
    expect(code).toBe(1)
  }, 60_000)
})
