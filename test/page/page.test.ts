// The page at `/` and the API from inside it, in a real browser.

import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { hostCommand } from '../../scripts/hosts.mjs'
import { untilAddress } from '../package/address.ts'
import { launch } from './support/browser.ts'
import { builtPage } from './support/pages.ts'

let server: ChildProcess
let browser: Browser
let page: Page
let address: string

beforeAll(async () => {
  await builtPage('released')
  const { file, args, env, cwd } = hostCommand('bun', ['--port', '0', '--no-discover'])
  server = spawn(file, args, { env, cwd })
  address = await untilAddress(server)
  browser = await launch()
  page = await browser.newPage()
}, 60_000)

afterAll(async () => {
  await browser?.close()
  server?.kill('SIGKILL')
})

it('says what runs here and how to try it', async () => {
  const errors: string[] = []
  page.on('pageerror', (error) => errors.push(error.message))
  page.on('console', (message) => message.type() === 'error' && errors.push(message.text()))
  await page.goto(`${address}/status`)
  const text = await page.textContent('body')
  expect(text).toContain('static')
  expect(text).toContain(`curl -N ${address}/v1/chat/completions`)
  expect(errors).toEqual([])
})

const FILES = ['/status', '/openapi.html', '/openapi.css', '/icon.svg']

it('shows the API to read, by itself and without a fault', async () => {
  const fresh = await browser.newPage()
  const errors: string[] = []
  const asked: string[] = []
  fresh.on('pageerror', (error) => errors.push(error.message))
  fresh.on('console', (message) => message.type() === 'error' && errors.push(message.text()))
  fresh.on('request', (request) => asked.push(new URL(request.url()).pathname))
  await fresh.goto(`${address}/status`)
  await fresh.getByRole('link', { name: 'the API' }).click()
  await fresh.waitForURL(`${address}/openapi.html`)
  const chat = fresh.locator('#createChatCompletion')
  expect(await chat.textContent()).toContain('curl -N')
  expect(await chat.getByText('Errors').isVisible()).toBe(true)
  const links = await fresh
    .locator('a[href^="#"]')
    .evaluateAll((all) => all.map((link) => link.getAttribute('href')?.slice(1) ?? ''))
  const ids = await fresh.locator('[id]').evaluateAll((all) => all.map(({ id }) => id))
  expect(links.length).toBeGreaterThan(20)
  expect(links.filter((id) => !ids.includes(id))).toEqual([])
  const tools = fresh.locator('#ChatRequest > dl > dt', { hasText: /^tools / })
  expect(await tools.isVisible()).toBe(true)
  const width = await fresh.evaluate(() => document.documentElement.scrollWidth)
  expect(width).toBeLessThanOrEqual(fresh.viewportSize()?.width ?? 0)
  expect(errors).toEqual([])
  expect(asked.filter((path) => !FILES.includes(path))).toEqual([])
  await fresh.close()
})

it('streams to a script of the page, word by word', async () => {
  // Not from the page at `/`, which forbids itself all connections.
  await page.goto(`${address}/health`)
  const reads = await page.evaluate(readStream)
  expect(reads.at(-1)?.text).toContain('data: [DONE]')
  const times = reads.map((read) => read.at)
  // The static engine says a word every 100 ms.
  expect((times.at(-1) ?? 0) - (times[0] ?? 0)).toBeGreaterThan(500)
  expect(reads.length).toBeGreaterThan(5)
})

it('loads without an error, finds the real adapter, and lists what it can run', async () => {
  const fresh = await browser.newPage()
  const errors: string[] = []
  fresh.on('pageerror', (error) => errors.push(error.message))
  fresh.on('console', (message) => message.type() === 'error' && errors.push(message.text()))
  const missing = {
    model: `${address}/none`,
    model_id: 'missing',
    model_lib: `${address}/none.wasm`,
  }
  const list = JSON.stringify([missing])
  const asked: string[] = []
  fresh.context().on('request', (request) => asked.push(new URL(request.url()).pathname))
  const hasWebllm = () => asked.some((url) => url.includes('/web-llm-'))
  await fresh.addInitScript((own) => localStorage.setItem('sluice.models', own), list)
  await fresh.goto(`${address}/#chat`)
  await fresh.locator('.status.ready').waitFor({ timeout: 20_000 })
  await fresh.locator('.model-list li').nth(20).waitFor()
  expect(errors).toEqual([])

  // A model of the server, with all that the page shows of its answer.
  await fresh.locator('.name', { hasText: 'static' }).click()
  await fresh.getByLabel('Message', { exact: true }).fill('Hello')
  await fresh.keyboard.press('Enter')
  await fresh.getByText(/tokens · .*finished/).waitFor()
  await fresh.getByText('This stream breaks no rule').waitFor()
  await expect.poll(() => fresh.locator('.plot canvas').evaluate(hasBlue)).toBe(true)
  expect(asked.some((url) => url.includes('/engine-'))).toBe(true)
  expect(asked.some((url) => url.includes('/plot-'))).toBe(true)
  expect(hasWebllm()).toBe(false)
  expect(asked).not.toContain('/service-worker.js')
  expect(await gzipped(asked)).toBeLessThan(PAGE_BUDGET)
  const own = await ownFiles()
  expect(await gzipped(own.filter((path) => !QR_CODES.test(path)))).toBeLessThan(PAGE_BUDGET)
  expect(await gzipped(own)).toBeLessThan(PAGE_BUDGET + QR_BUDGET)

  // A model whose files are not there: only now is there something to run on the GPU.
  await fresh.locator('.name', { hasText: 'missing' }).click()
  await fresh.getByLabel('Message', { exact: true }).fill('Hello')
  await fresh.keyboard.press('Enter')
  await fresh
    .locator('.message .error', { hasText: 'model: missing could not be loaded' })
    .waitFor()
  expect(hasWebllm()).toBe(true)
  expect(asked).toContain('/service-worker.js')
  await fresh.close()
}, 60_000)

it.each(['deno', 'node', 'workerd'] as const)(
  'is served by %s as well',
  async (host) => {
    const { file, args, env, cwd } = hostCommand(host, ['--port', '0', '--no-discover'])
    const other = spawn(file, args, { env, cwd })
    try {
      const base = await untilAddress(other)
      for (const [path, type] of [
        ['/', 'text/html; charset=utf-8'],
        ['/service-worker.js', 'text/javascript; charset=utf-8'],
        ['/icon.svg', 'image/svg+xml'],
        ['/openapi.json', 'application/json'],
        ['/openapi.html', 'text/html; charset=utf-8'],
      ]) {
        const response = await fetch(base + path)
        expect([path, response.status, response.headers.get('content-type')]).toEqual([
          path,
          200,
          type,
        ])
        expect((await response.text()).length).toBeGreaterThan(100)
      }
      expect((await fetch(`${base}/assets/none.js`)).status).toBe(404)
    } finally {
      const ended = new Promise((resolve) => other.once('exit', resolve))
      other.kill('SIGTERM')
      await ended
    }
  },
  30_000,
)

/** Whether a line of the page's colour is drawn; runs in the page. */
function hasBlue(canvas: Node): boolean {
  if (!(canvas instanceof HTMLCanvasElement)) return false
  const image = canvas.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height)
  const bytes = [...(image?.data ?? [])]
  return bytes.some((red, at) => at % 4 === 0 && (bytes[at + 2] ?? 0) - red > 100)
}

/**
 * The most bytes, gzipped, of all that the page loads to be shown and to chat with a model of a server; and of
 * the page with all of its views, without the workers.
 */
const PAGE_BUDGET = 150_000

/** What draws a QR code is loaded only when an admin pairs a device, and may weigh so much besides. */
const QR_CODES = /\/qr-modules-/
const QR_BUDGET = 4_000

/** The page's HTML and all that it can load, those files too that a view asks for later. */
async function ownFiles(): Promise<string[]> {
  const folder = await builtPage('released')
  const found = new Set(['/'])
  // What is added on the way is visited too.
  for (const path of found) {
    const text = readFileSync(join(folder, path === '/' ? 'index.html' : path), 'utf8')
    const names = text.matchAll(/["']\.\/(?:assets\/)?([\w-]+\.(?:js|css))["']/g)
    const paths = [...names].map(([, name]) => `/assets/${name}`)
    for (const each of paths) {
      if (!/\/(?:engine|link|web-llm)-/.test(each) && existsSync(join(folder, each)))
        found.add(each)
    }
  }
  expect([...found].filter((path) => path.includes('/view-')).length).toBeGreaterThan(4)
  return [...found]
}

/** What files of the page weigh together, gzipped. */
async function gzipped(paths: string[]): Promise<number> {
  const folder = await builtPage('released')
  const names = [...new Set(paths)].map((path) => (path === '/' ? 'index.html' : path.slice(1)))
  const files = names.filter((name) => existsSync(join(folder, name)))
  expect(files.length).toBeGreaterThan(10)
  const sizes = files.map((name) => gzipSync(readFileSync(join(folder, name)), { level: 9 }).length)
  const sum = sizes.reduce((all, each) => all + each, 0)
  process.stdout.write(`the page: ${files.length} files, ${sum} bytes gzipped\n`)
  return sum
}

/** Runs in the page: what arrived, and when. */
async function readStream(): Promise<{ at: number; text: string }[]> {
  const response = await fetch('/v1/chat/completions', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      model: 'static',
      stream: true,
      messages: [{ role: 'user', content: 'Hello' }],
    }),
  })
  const reads = []
  const decoder = new TextDecoder()
  for await (const bytes of response.body ?? []) {
    reads.push({ at: performance.now(), text: decoder.decode(bytes, { stream: true }) })
  }
  return reads
}
