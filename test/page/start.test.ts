// The view that a newcomer sees, with the real server and a real browser.

import type { Browser, BrowserContextOptions } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { useServerWith } from '../support/server.ts'
import { closedPort, startUpstream, type Upstream } from '../support/upstream.ts'
import { launch } from './support/browser.ts'
import { overflowing } from './support/overflowing.ts'
import { builtPage } from './support/pages.ts'

const SOON = { timeout: 15_000 }

let browser: Browser
let port: number
let upstream: Upstream | undefined

beforeAll(async () => {
  await builtPage('released')
  browser = await launch()
}, 90_000)

afterAll(async () => {
  await browser?.close()
  await upstream?.close()
})

const server = useServerWith('bun', async () => {
  port = await closedPort()
  return { flags: ['--static-delay', '5ms', '--upstream', `late=http://127.0.0.1:${port}/v1`] }
})

async function open(hash = '', options: BrowserContextOptions = {}) {
  const context = await browser.newContext(options)
  const page = await context.newPage()
  await page.addInitScript(addShifts)
  const errors: string[] = []
  page.on('pageerror', (error) => errors.push(error.message))
  page.on('console', (message) => message.type() === 'error' && errors.push(message.text()))
  await page.goto(`${server.url}/${hash}`)
  return { page, errors, context }
}

interface Shifting {
  /** How much of what was visible has moved without its user, as Lighthouse adds it up. */
  shifted: number
}

/** Runs in the page. */
function addShifts(): void {
  const own = globalThis as unknown as Shifting
  own.shifted = 0
  new PerformanceObserver((list) => {
    for (const { value } of list.getEntries() as (PerformanceEntry & { value: number })[]) {
      own.shifted += value
    }
  }).observe({ type: 'layout-shift', buffered: true })
}

it('shows a server that is started now, without a reload, and chats with its model', async () => {
  const { page, errors, context } = await open()
  await page.getByRole('heading', { name: 'The model server does not answer' }).waitFor(SOON)
  const found = page.locator('.found > li')
  expect(await found.locator('h4').allTextContents()).toEqual(['late'])
  await found.getByText('Down').waitFor()

  const model = { id: 'late-model', object: 'model', created: 0, owned_by: 'me' } as const
  upstream = await startUpstream({ port, models: [model] })
  await page.getByRole('heading', { name: 'One model is ready' }).waitFor(SOON)
  await found.getByText('Up').waitFor()
  await page.getByRole('button', { name: 'Chat with late-model' }).first().click()
  await page.getByPlaceholder('Message late-model').waitFor(SOON)
  expect(errors).toEqual([])
  await context.close()
}, 60_000)

it('streams the built-in model at once, and opens with the chat from then on', async () => {
  const { page, errors, context } = await open()
  await page.getByRole('button', { name: 'Try a stream now' }).click()
  await page.getByText(/tokens · .*finished/).waitFor(SOON)
  expect(new URL(page.url()).hash).toBe('#chat')
  await page.goto(`${server.url}/status`)
  await page.goto(server.url)
  await page.locator('main.chat').waitFor()
  await page.getByRole('link', { name: 'sluice' }).click()
  await page.locator('main.start').waitFor()
  expect(errors).toEqual([])
  await context.close()
})

it('fits on a phone, with models for its GPU, the lines for a system, and the views in a bar below', async () => {
  const userAgent = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/150 Safari/537.36'
  const viewport = { width: 390, height: 844 }
  const { page, errors, context } = await open('#start', { userAgent, viewport })
  const picks = page.locator('.picks').first().locator('> li')
  const others = page.locator('.picks').last().locator('> li')
  const get = page.getByRole('region', { name: /^Get (a|another) model server/ })
  await picks.first().waitFor(SOON)
  expect(await picks.count()).toBe(3)
  expect(await others.allTextContents()).toEqual([expect.stringContaining('For embeddings')])
  await get.waitFor()
  expect(await page.evaluate(() => (globalThis as unknown as Shifting).shifted)).toBeLessThan(0.05)
  expect(await picks.first().textContent()).toMatch(
    /download about .* MB · needs .* of memory · context [\d,]+ · calls tools/,
  )

  await get.getByText('llama-server', { exact: true }).click()
  await get.getByText('winget install llama.cpp').waitFor()
  await get.getByText('in PowerShell').waitFor()
  await get.getByLabel('macOS').check()
  await get.getByText('brew install llama.cpp').waitFor()
  expect(await get.getByText('winget install llama.cpp').count()).toBe(0)
  expect(await overflowing(page)).toEqual([])

  await page.getByRole('link', { name: /^All \d+ models/ }).click()
  await page.getByLabel('Search models').waitFor()
  const captures = page.getByRole('link', { name: 'Captures' })
  expect(await captures.isVisible()).toBe(false)
  await page.getByRole('button', { name: 'More' }).click()
  await captures.click()
  await page.getByRole('main', { name: 'Captures' }).waitFor()
  expect(await captures.isVisible()).toBe(false)
  expect(errors).toEqual([])
  await context.close()
})
