// The package as npm would deliver it: packed, installed elsewhere, run on each runtime.

import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { binaryOf, root } from '../../scripts/hosts.mjs'
import { webllmFile } from '../../scripts/page.mjs'
import { untilAddress } from './address.ts'
import { oldestNode } from './oldest-node.ts'
import { pack, runNpm } from './packed.ts'

const exec = promisify(execFile)
const main = 'node_modules/@sluice/sluice/dist/cli/sluice.js'
const permissions = ['--allow-net', '--allow-env', '--allow-read', '--allow-sys']
const denoArgs = ['run', '--no-prompt', '--node-modules-dir=manual', ...permissions]
const oldest = await oldestNode()
const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
const commands = {
  node: [binaryOf('node'), main],
  bun: [binaryOf('bun'), main],
  deno: [binaryOf('deno'), ...denoArgs, '--allow-write=.', main],
  'the oldest Node that package.json promises': [oldest.binary, main],
}

let folder: string

/** Runs a command in the folder where the package is installed; resolves with its stdout. */
async function run([file = '', ...args]: string[], env = process.env): Promise<string> {
  return (await exec(file, args, { cwd: folder, env })).stdout
}

/** Starts a command in that folder. */
function start([file = '', ...args]: string[]) {
  const child: ChildProcess = spawn(file, args, { cwd: folder })
  return { child, ended: new Promise((resolve) => child.once('exit', resolve)) }
}

/** The events of a chat. */
async function ask(address: string): Promise<string[]> {
  const response = await fetch(`${address}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ stream: true, messages: [{ role: 'user', content: 'Hello' }] }),
  })
  expect(response.status).toBe(200)
  return (await response.text()).trimEnd().split('\n\n')
}

function evaluate(code: string): Promise<string> {
  return run([binaryOf('node'), '--input-type=module', '--eval', code])
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-package-'))
  const tarball = await pack(folder)
  await writeFile(join(folder, 'package.json'), '{ "private": true, "type": "module" }')
  await runNpm(['install', '--no-audit', '--no-fund', '--prefer-offline', tarball], folder)
}, 120_000)

afterAll(() => rm(folder, { recursive: true, force: true }))

describe.each(Object.entries(commands))('on %s', (_, command) => {
  it('explains itself', async () => {
    expect(await run([...command, '--help'])).toContain('--upstream')
  })

  it('says its version', async () => {
    expect(await run([...command, '--version'])).toBe(`${version}\n`)
  })

  const serving = ['--port', '0', '--no-discover', '--static-delay', '10']

  it('judges, keeps and plays streams', async () => {
    const server = start([...command, ...serving])
    const player = { child: undefined as ChildProcess | undefined }
    try {
      const address = await untilAddress(server.child)
      const judged = await run([...command, 'check', address, '--dialect', 'all', '--json'])
      expect(JSON.parse(judged)).toMatchObject({
        dialects: ['chat', 'completions', 'responses', 'messages'],
        untested: {},
      })
      await run([...command, 'record', address, '-o', 'kept.jsonl'])
      player.child = start([...command, 'replay', 'kept.jsonl', '--port', '0']).child
      const played = await ask(await untilAddress(player.child))
      expect(played.at(-1)).toBe('data: [DONE]')
    } finally {
      server.child.kill('SIGKILL')
      player.child?.kill('SIGKILL')
    }
  }, 60_000)

  it('serves a stream, and ends when it is told to', async () => {
    const { child, ended } = start([...command, ...serving])
    try {
      const address = await untilAddress(child)
      const events = await ask(address)
      expect(events.length).toBeGreaterThan(5)
      expect(events.at(0)).toMatch(/^data: \{.*"chat\.completion\.chunk"/)
      expect(events.at(-1)).toBe('data: [DONE]')
      const page = await (await fetch(address)).text()
      expect(page).toContain('<div id="app">')
      const [script] = /assets\/[\w-]+\.js/.exec(page) ?? []
      const loaded = await fetch(`${address}/${script}`)
      expect(loaded.headers.get('content-type')).toBe('text/javascript; charset=utf-8')
      // The package has it only packed.
      const large = await fetch(`${address}/assets/${webllmFile()}`)
      expect(large.headers.get('content-encoding')).toBe('gzip')
      expect((await large.text()).length).toBeGreaterThan(5_000_000)
      const described = await fetch(`${address}/openapi.json`)
      expect(await described.json()).toMatchObject({ openapi: '3.1.1', info: { version } })
      expect((await fetch(`${address}/openapi.html`)).status).toBe(200)
      expect((await fetch(`${address}/..%2fcli%2fsluice.js`)).status).toBe(404)
      child.kill('SIGTERM')
      expect(await ended).toBe(0)
    } finally {
      child.kill('SIGKILL')
    }
  })
})

it('runs on the very first Node that package.json promises, no later one', async () => {
  expect(await run([oldest.binary, '--version'])).toBe(`v${oldest.version}\n`)
  expect(oldest.version).toBe('22.0.0')
})

it('serves a stream from a program on that Node, and lets it end', async () => {
  const program = `
    import { serve } from '@sluice/sluice/node'
    const server = await serve({ port: 0, discover: false, staticDelay: 10 })
    const response = await fetch(server.url + '/v1/chat/completions', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ stream: true, messages: [{ role: 'user', content: 'Hello' }] }),
    })
    const reads = []
    for await (const bytes of response.body) reads.push(Buffer.from(bytes).toString())
    await server.stop()
    const last = reads.join('').trimEnd().split('\\n\\n').at(-1)
    console.log(JSON.stringify({ status: response.status, reads: reads.length, last }))`
  await writeFile(join(folder, 'program.mjs'), program)
  const { status, reads, last } = JSON.parse(await run([oldest.binary, 'program.mjs']))
  expect({ status, last }).toEqual({ status: 200, last: 'data: [DONE]' })
  // Whoever collects the whole answer first sends it in one piece.
  expect(reads).toBeGreaterThan(3)
})

it('says what is missing to run models on the GPU, and ends without a crash', async () => {
  // More than once: the GPU's driver, unloaded while the process exits, crashes now and then.
  for (let time = 0; time < 6; time++) {
    const failure = await run([...commands.deno, '--webgpu', '--port', '0']).catch((error) => error)
    expect(failure.code).toBe(2)
    // Without a GPU's driver it does not come so far as to miss the package.
    expect(failure.stderr).toMatch(
      /^sluice: webgpu: (.*npm install @mlc-ai\/web-llm|WebGPU found no)/m,
    )
  }
}, 60_000)

it('puts the command on the path', async () => {
  const path = `${dirname(binaryOf('node'))}${delimiter}${process.env.PATH}`
  const help = await run(['node_modules/.bin/sluice', '--help'], { ...process.env, PATH: path })
  expect(help).toContain('--upstream')
})

it('exports the handler', async () => {
  const code = `
    import { createHandler } from '@sluice/sluice'
    const handler = createHandler({ discover: false, insecure: true })
    const response = await handler.fetch(new Request('http://localhost/v1/models'))
    console.log(JSON.stringify((await response.json()).data.map((model) => model.id)))
    process.exit()`
  expect(JSON.parse(await evaluate(code))).toContain('static')
})

it.each(['edge', 'edge-chat'])(
  'exports the worker %s as one file that needs nothing else',
  async (entry) => {
    const code = `
    import worker from '@sluice/sluice/${entry}'
    const response = await worker.fetch(new Request('http://localhost/health'), {})
    console.log(response.status)
    process.exit()`
    // The worker's log goes to the console too.
    expect((await evaluate(code)).trimEnd().split('\n').at(-1)).toBe('200')
  },
)

it('packs the worker with the names that the stack of an error shows', async () => {
  const text = await readFile(
    join(folder, 'node_modules/@sluice/sluice/dist/worker/edge.js'),
    'utf8',
  )
  expect(text).toContain('function createCheckedHandler(')
})

it('exports each host with a function that serves', async () => {
  const code = `console.log(typeof (await import('@sluice/sluice/node')).serve)`
  expect(await evaluate(code)).toBe('function\n')
  expect(await run([binaryOf('bun'), '-e', code.replace('/node', '/bun')])).toBe('function\n')
  const script = code.replace('/node', '/deno')
  await writeFile(join(folder, 'host.mjs'), script)
  const args = ['run', '--no-prompt', '--node-modules-dir=manual', ...permissions, 'host.mjs']
  expect(await run([binaryOf('deno'), ...args])).toBe('function\n')
})

it('brings types that a strict program compiles with', async () => {
  const program = `
    import { createHandler } from '@sluice/sluice'
    import worker from '@sluice/sluice/edge'
    import chatWorker, { KeyLimits } from '@sluice/sluice/edge-chat'
    import { chat, composeHandler, type ComposedPart } from '@sluice/sluice/parts'
    import { serve as bun } from '@sluice/sluice/bun'
    import { serve as deno } from '@sluice/sluice/deno'
    import { serve as node } from '@sluice/sluice/node'
    const handler = createHandler({ staticDelay: 0 })
    const answer: Promise<Response> = handler.fetch(new Request('http://localhost/health'))
    // @ts-expect-error a port is a number
    createHandler({ port: 'eight' })
    const parts: ComposedPart[] = [chat]
    const composed = composeHandler(parts, { model: 'a' })
    export default { composed, answer, worker, chatWorker, KeyLimits, bun, deno, node }`
  const options = {
    strict: true,
    noEmit: true,
    module: 'nodenext',
    types: [],
    lib: ['es2024', 'webworker'],
  }
  const config = { compilerOptions: options, files: ['program.ts'] }
  await writeFile(join(folder, 'program.ts'), program)
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(config))
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  const output = await run([binaryOf('node'), tsc, '-p', '.']).catch((error) => error.stdout)
  expect(output).toBe('')
})
