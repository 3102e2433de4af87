// The package as a newcomer gets it once it is published: by one command, in a folder with nothing in
// it, from a registry that stands in for npm's.

import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { binaryOf, root } from '../../scripts/hosts.mjs'
import { npm } from '../../scripts/install.mjs'
import { untilAddress } from './address.ts'
import { oldestNode } from './oldest-node.ts'
import { pack } from './packed.ts'
import { startRegistry } from './registry.ts'

interface Runner {
  command: string[]
  /** The folder of the Node that is found on the path. */
  node?: string
  /** What the first line of the server has to name. */
  runtime: RegExp
}

const exec = promisify(execFile)
const description = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
const { name, version } = description
const node = dirname(binaryOf('node'))
const { file: npmFile, args: npmArgs } = npm(['exec', '--yes', '--', name])
const bunx = [binaryOf('bun'), 'x']

const runners = {
  npx: { command: [npmFile, ...npmArgs], node, runtime: /on node 24\./ },
  'npx on the oldest Node': {
    command: [npmFile, ...npmArgs],
    node: dirname((await oldestNode()).binary),
    runtime: /on node 22\.0\.0/,
  },
  bunx: { command: [...bunx, name], node, runtime: /on node 24\./ },
  'bunx --bun': { command: [...bunx, '--bun', name], node, runtime: /on bun / },
  deno: { command: [binaryOf('deno'), 'run', '-A', `npm:${name}`], runtime: /on deno / },
} satisfies Record<string, Runner>

let folder: string

/** Tests that each of these streams, shows the page and ends at Ctrl-C. */
export function testRunners(names: readonly (keyof typeof runners)[]): void {
  let registry: Awaited<ReturnType<typeof startRegistry>>

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sluice-runners-'))
    registry = await startRegistry(await pack(folder), description)
    // Where all of them look for settings of npm.
    await registry.useIn(folder)
  }, 120_000)

  afterAll(async () => {
    registry.close()
    await rm(folder, { recursive: true, force: true })
  })

  it.concurrent.each(names)('%s', (title) => tryRunner(title, runners[title]), 120_000)
}

/** An environment with a home of its own, where nothing of the package is cached. */
function environment({ node }: Runner, cwd: string): NodeJS.ProcessEnv {
  return {
    ...process.env,
    PATH: [...(node ? [node] : []), process.env.PATH].join(delimiter),
    HOME: folder,
    USERPROFILE: folder,
    TMPDIR: cwd,
    npm_config_userconfig: join(folder, '.npmrc'),
    BUN_INSTALL_CACHE_DIR: join(cwd, '.bun'),
    DENO_DIR: join(cwd, '.deno'),
    NO_COLOR: '1',
  }
}

async function emptyFolder(title: string): Promise<string> {
  const cwd = join(folder, title.replaceAll(/\W+/g, '-'))
  await mkdir(cwd, { recursive: true })
  return cwd
}

/** Ends a command and all that it has started. */
function endGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, signal)
  } catch {
    // It has ended.
  }
}

async function tryRunner(title: string, runner: Runner): Promise<void> {
  const cwd = await emptyFolder(title)
  const [file = '', ...args] = runner.command
  const serving = ['--port', '0', '--no-discover', '--static-delay', '60']
  const child = spawn(file, [...args, ...serving], {
    cwd,
    env: environment(runner, cwd),
    // A terminal sends Ctrl-C to the whole group.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  child.stderr.on('data', (data) => {
    output += data
  })
  try {
    const address = await untilAddress(child, 60_000)
    expect(output).toMatch(runner.runtime)
    const words = await streamedWords(address)
    // One read would be the whole answer at once.
    expect(words).toBeGreaterThan(1)
    const page = await fetch(address, { headers: { accept: 'text/html' } })
    expect(await page.text()).toContain('<div id="app">')
    const ended = new Promise((resolve) =>
      child.once('exit', (code, signal) => resolve(code ?? signal)),
    )
    endGroup(child, 'SIGINT')
    // npm ends by the signal itself.
    expect([0, 130, 'SIGINT']).toContain(await ended)
    await vi.waitFor(() => expect(fetch(address)).rejects.toThrow(), 10_000)
  } finally {
    endGroup(child, 'SIGKILL')
  }
  expect(await failure([...runner.command, 'serv'], runner, cwd)).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('"serv": there is no such command. Did you mean serve?'),
  })
  const [program = '', ...rest] = [...runner.command, '--version']
  const { stdout } = await exec(program, rest, { cwd, env: environment(runner, cwd) })
  expect(stdout).toBe(`${version}\n`)
}

/** How many reads brought a part of the answer. */
async function streamedWords(address: string): Promise<number> {
  const response = await fetch(`${address}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ stream: true, messages: [{ role: 'user', content: 'Hello' }] }),
  })
  let reads = 0
  const decoder = new TextDecoder()
  for await (const bytes of response.body ?? []) {
    if (/"content":"[^"]/.test(decoder.decode(bytes))) reads++
  }
  return reads
}

async function failure([file = '', ...args]: string[], runner: Runner, cwd: string) {
  return exec(file, args, { cwd, env: environment(runner, cwd) }).catch((error) => error)
}
