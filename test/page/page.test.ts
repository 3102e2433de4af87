// The page at `/` and the API from inside it, in a real browser.

import { type ChildProcess, spawn } from 'node:child_process'
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
  fresh.context().on('request', (request) => asked.push(request.url()))
  const hasWebllm = () => asked.some((url) => url.includes('/web-llm-'))
  await fresh.addInitScript((own) => localStorage.setItem('sluice.models', own), list)
  await fresh.goto(`${address}/#chat`)
  await fresh.locator('.status.ready').waitFor({ timeout: 20_000 })
  await fresh.locator('.model-list li').nth(20).waitFor()
  expect(errors).toEqual([])

  // The built-in model, through the service worker.
  await fresh.locator('.name', { hasText: 'static' }).click()
  await fresh.getByLabel('Message', { exact: true }).fill('Hello')
  await fresh.keyboard.press('Enter')
  await fresh.getByText(/tokens · .*finished/).waitFor()
  expect(asked.some((url) => url.includes('/engine-'))).toBe(true)
  expect(hasWebllm()).toBe(false)

  // A model whose files are not there: only now is there something to run on the GPU.
  await fresh.locator('.name', { hasText: 'missing' }).click()
  await fresh.getByLabel('Message', { exact: true }).fill('Hello')
  await fresh.keyboard.press('Enter')
  await fresh
    .locator('.message .error', { hasText: 'model: missing could not be loaded' })
    .waitFor()
  expect(hasWebllm()).toBe(true)
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
