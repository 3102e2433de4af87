// `npm start` in a copy of the checkout: the page that it builds meanwhile, and what it does where it cannot.

import { type ChildProcess, spawn } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { root } from '../../../scripts/hosts.mjs'
import { NOTICES } from '../../../scripts/notices.mjs'
import { untilAddress } from '../../package/address.ts'

vi.setConfig({ testTimeout: 90_000 })

const BROWSER = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' }

let checkout: string
let child: ChildProcess | undefined
let said: string

beforeEach(() => {
  checkout = mkdtempSync(join(tmpdir(), 'sluice-start-'))
  said = ''
  const files = ['package.json', 'package-lock.json', NOTICES]
  for (const each of ['demo', 'scripts', 'src', 'worker', ...files]) {
    cpSync(join(root, each), join(checkout, each), { recursive: true })
  }
  // Its pictures are larger than all else, and nothing there is changed.
  symlinkSync(join(root, 'docs'), join(checkout, 'docs'))
})

afterEach(async () => {
  await stop('SIGKILL')
  rmSync(checkout, { recursive: true, force: true })
})

/** Links the packages of this checkout, except those whose names are given. */
function linkPackages(except: string[] = []): void {
  mkdirSync(join(checkout, 'node_modules'))
  for (const name of readdirSync(join(root, 'node_modules'))) {
    if (name.startsWith('.') || except.includes(name)) continue
    symlinkSync(join(root, 'node_modules', name), join(checkout, 'node_modules', name))
  }
}

async function start(args: string[] = [], env: Record<string, string> = {}): Promise<string> {
  const all = ['scripts/start.mjs', 'bun', '--port', '0', '--no-discover', '--log', 'none', ...args]
  const { npm_lifecycle_event: _, ...own } = process.env
  child = spawn(process.execPath, all, { cwd: checkout, env: { ...own, ...env } })
  child.stderr?.on('data', (data: Buffer) => {
    said += data.toString()
  })
  return untilAddress(child)
}

async function stop(signal: NodeJS.Signals): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise((resolve) => child?.once('exit', resolve))
  // What it has started is ended by it, unless it is killed itself.
  child.kill(signal === 'SIGKILL' ? 'SIGTERM' : signal)
  await ended
}

async function page(base: string, headers: Record<string, string> = BROWSER): Promise<string> {
  return (await fetch(`${base}/`, { headers })).text()
}

/** The page, once it is there. */
async function readyPage(base: string): Promise<string> {
  for (;;) {
    const html = await page(base)
    if (html.includes('id="app"')) return html
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

const buildOf = (html: string) => /name="sluice-build" content="([^"]+)"/.exec(html)?.[1] ?? ''

async function scriptOf(base: string, html: string): Promise<string> {
  const [, path] = /src="\.(\/assets\/index-[\w-]+\.js)"/.exec(html) ?? []
  return (await fetch(base + path)).text()
}

function change(file: string, by: (text: string) => string): void {
  const path = join(checkout, file)
  writeFileSync(path, by(readFileSync(path, 'utf8')))
}

it('builds the page, and again where a source has changed; one that fails leaves the page as it was', async () => {
  linkPackages()
  const base = await start()
  const first = await readyPage(base)
  expect(said).toContain('the page at / is ready')
  const build = buildOf(first)
  const news = fetch(`${base}/build-${build}.json`)

  change('demo/nav.tsx', (text) => `${text}\nconsole.debug('a changed source')\n`)
  expect(await (await news).json()).toMatchObject({ state: 'ready' })
  const second = await readyPage(base)
  expect(buildOf(second)).not.toBe(build)
  expect(await scriptOf(base, second)).toContain('a changed source')
  // A page that is open still may load a part of the build before.
  expect(await scriptOf(base, first)).not.toContain('a changed source')

  await new Promise((resolve) => setTimeout(resolve, 600))
  change('demo/nav.tsx', (text) => `${text}\nconst = 1\n`)
  expect(buildOf(await page(base))).toBe(buildOf(second))
  expect(said).toMatch(/it could not be built[^\n]*\n {2}demo\/nav\.tsx:\d+:\d+: Expected/)

  await new Promise((resolve) => setTimeout(resolve, 600))
  change('demo/nav.tsx', (text) => text.replace('const = 1', ''))
  expect(buildOf(await page(base))).not.toBe(buildOf(second))

  // The next start has nothing to build; who waits for news does not hold up the end of this one.
  const held = fetch(`${base}/build-${buildOf(await page(base))}.json`).catch(() => undefined)
  const began = performance.now()
  await stop('SIGTERM')
  await held
  expect(performance.now() - began).toBeLessThan(10_000)
  said = ''
  const again = await start()
  expect(buildOf(await page(again))).not.toBe('')
  expect(said).not.toContain('is ready')
})

it('says in a browser why the page cannot be built, and serves without it', async () => {
  linkPackages(['marked'])
  const base = await start([], {
    npm_config_registry: 'http://127.0.0.1:9/',
    npm_config_cache: join(checkout, '.npm'),
    npm_config_fetch_retries: '0',
  })
  let html = ''
  while (!html.includes('could not be built')) {
    html = await page(base)
    expect(html).toMatch(/The page (?:is being|could not be) built/)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  expect(html).toContain('its registry could not be reached')
  expect(html).not.toContain(checkout)
  expect(html).toContain('curl -N')
  expect(said).toContain('npm: its registry could not be reached')
  expect(said).toContain('--no-page')
  expect(await page(base, { accept: '*/*' })).not.toContain('could not be built')
  expect((await fetch(`${base}/v1/models`)).status).toBe(200)
  await stop('SIGTERM')
  const cache = join(checkout, 'node_modules/.cache/sluice/page')
  expect(readdirSync(cache)).toEqual([])
  expect(existsSync(join(checkout, 'node_modules/marked'))).toBe(false)
})

it('builds no page where none is to be served', async () => {
  linkPackages()
  const base = await start(['--no-page'])
  expect(await page(base)).toContain('Try it')
  expect((await fetch(`${base}/build.json`)).status).toBe(404)
  expect((await fetch(`${base}/openapi.json`)).status).toBe(200)
  expect(existsSync(join(checkout, 'node_modules/.cache/sluice/page'))).toBe(false)
})
