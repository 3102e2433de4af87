// The command as one file, for the system that the tests run on: in an empty folder, with an empty
// environment.

import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { buildBinaries, ownTarget } from '../../scripts/binary.mjs'
import { root } from '../../scripts/hosts.mjs'
import { untilAddress } from './address.ts'

const exec = promisify(execFile)
const serving = ['--port', '0', '--no-discover', '--static-delay', '20']
const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))

let folder: string
let empty: string
let binary: string

beforeAll(async () => {
  if (ownTarget === undefined) throw new Error('There is no binary for this system.')
  folder = await mkdtemp(join(tmpdir(), 'sluice-binary-test-'))
  empty = join(folder, 'empty')
  await mkdir(empty)
  const [path = ''] = await buildBinaries(join(folder, 'built'), [ownTarget])
  binary = path
}, 120_000)

afterAll(() => rm(folder, { recursive: true, force: true }))

/** Runs it in the empty folder with nothing but these variables. */
function run(args: string[], env: Record<string, string> = {}) {
  return exec(binary, args, { cwd: empty, env, timeout: 20_000 })
}

/** Starts it there, and ends it after `use`. */
async function serve<T>(args: string[], use: (address: string, child: ChildProcess) => Promise<T>) {
  const child = spawn(binary, [...serving, ...args], { cwd: empty, env: {} })
  try {
    return await use(await untilAddress(child), child)
  } finally {
    child.kill('SIGKILL')
  }
}

function ask(address: string): Promise<Response> {
  return fetch(`${address}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ stream: true, messages: [{ role: 'user', content: 'Hello' }] }),
  })
}

it('is listed with its checksum', async () => {
  const [line = ''] = (await readFile(join(folder, 'built/SHA256SUMS'), 'utf8')).split('\n')
  const hash = createHash('sha256')
    .update(await readFile(binary))
    .digest('hex')
  expect(line).toBe(`${hash}  sluice-${ownTarget}`)
  // Where anyone looks for it, as sha256sum -c does.
  expect((await readdir(join(folder, 'built'))).sort()).toEqual([
    'SHA256SUMS',
    `sluice-${ownTarget}`,
  ])
})

it('says its version, its commit and what it was built for', async () => {
  const { stdout } = await run(['--version'])
  const pattern = `^${version.replaceAll('.', '\\.')} \\(commit \\w+( with changes)?, ${ownTarget}, Bun \\d+\\.\\d+\\.\\d+\\)\n$`
  expect(stdout).toMatch(new RegExp(pattern))
})

it('holds no path of the machine that built it', async () => {
  expect((await readFile(binary)).includes(root)).toBe(false)
})

it('streams word by word, and lets a stream end when it is told to stop', async () => {
  await serve([], async (address, child) => {
    const response = await ask(address)
    const ended = new Promise((resolve) => child.once('exit', resolve))
    const reads: string[] = []
    const decoder = new TextDecoder()
    for await (const bytes of response.body ?? []) {
      if (reads.push(decoder.decode(bytes)) === 2) child.kill('SIGTERM')
    }
    expect(reads.length).toBeGreaterThan(5)
    expect(reads.join('').trimEnd().split('\n\n').at(-1)).toBe('data: [DONE]')
    expect(await ended).toBe(0)
  })
})

it('serves the page from itself, and nothing else', async () => {
  await serve([], async (address) => {
    const page = await fetch(address, { headers: { accept: 'text/html' } })
    const text = await page.text()
    expect(text).toContain('<div id="app">')
    const assets = [...text.matchAll(/assets\/[\w.-]+/g)].map(([path]) => path)
    expect(assets.some((path) => path.endsWith('.js'))).toBe(true)
    for (const path of [...assets, 'icon.svg', 'service-worker.js', 'openapi.html']) {
      const file = await fetch(`${address}/${path}`)
      expect(file.status, path).toBe(200)
      expect((await file.bytes()).length, path).toBeGreaterThan(100)
    }
    const described = await (await fetch(`${address}/openapi.json`)).json()
    expect(described).toMatchObject({ openapi: '3.1.1', info: { version } })
    expect((await fetch(`${address}/..%2fsluice.cjs`)).status).toBe(404)
    expect((await fetch(`${address}/sluice.cjs`)).status).toBe(404)
  })
})

it('reads no .env and no bunfig.toml in the folder where it is started', async () => {
  const other = join(folder, 'other')
  await mkdir(other)
  await writeFile(join(other, '.env'), 'SLUICE_PORT=none\n')
  await writeFile(join(other, 'bunfig.toml'), 'preload = ["./preload.js"]\n')
  await writeFile(join(other, 'preload.js'), 'console.log("loaded"); process.exit(9)\n')
  const child = spawn(binary, serving.slice(2), { cwd: other, env: { SLUICE_PORT: '0' } })
  await untilAddress(child).finally(() => child.kill('SIGKILL'))
  const named = await exec(binary, ['--port', 'none'], { cwd: other, env: {} }).catch((e) => e)
  // So the .env would have been an error, had it been read.
  expect(named.stderr).toContain('--port')
  const { stdout } = await exec(binary, ['--version'], { cwd: other, env: {} })
  expect(stdout).not.toContain('loaded')
})

it('has the tools and the settings file', async () => {
  await writeFile(join(folder, 'hello.json'), '{ "staticText": "One two three" }')
  const settings = ['--config', join(folder, 'hello.json')]
  await serve(settings, async (address) => {
    const kept = join(folder, 'kept.jsonl')
    await run(['record', address, '-o', kept])
    expect(await readFile(kept, 'utf8')).toContain('three')
    const { stdout } = await run(['check', address, '--json']).catch((error) => error)
    expect(JSON.parse(stdout)).toMatchObject({ dialects: ['chat'] })
  })
  expect((await run(['key', 'new', 'laptop'])).stdout).toContain('"name":"laptop"')
  expect(JSON.parse((await run(['schema'])).stdout)).toHaveProperty('properties')
  for (const tool of ['chat', 'replay', 'top']) {
    expect((await run([tool, '--help'])).stdout).toContain(`sluice ${tool}`)
  }
})

it('holds the client for Redis', async () => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const asked = new Promise<string>((resolve) => {
    server.on('connection', (socket) => socket.on('data', (data) => resolve(String(data))))
  })
  const args = ['--port', '0', '--state', `redis://127.0.0.1:${port}`]
  const child = spawn(binary, args, { cwd: empty, env: {} })
  // An array of strings, as clients of Redis send commands.
  expect(await asked.finally(() => child.kill('SIGKILL'))).toMatch(/^\*\d+\r\n\$/)
  server.close()
})

it('says what only another runtime can do', async () => {
  const refusal = async (args: string[]) => {
    const { code, stderr } = await run(args).catch((error) => error)
    return { code, stderr }
  }
  const objects = await refusal(['--state', 'objects'])
  expect(objects).toEqual({ code: 2, stderr: expect.stringContaining('for workerd alone') })
  const webgpu = await refusal(['--webgpu'])
  expect(webgpu).toEqual({ code: 2, stderr: expect.stringContaining('only on Deno') })
  const wrong = await refusal(['chek'])
  expect(wrong).toEqual({ code: 2, stderr: expect.stringContaining('Did you mean check') })
})
