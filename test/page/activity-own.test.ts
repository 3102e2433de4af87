// The activity view of a page without a server: the requests of the page itself.

import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { launch } from './support/browser.ts'
import { builtPage } from './support/pages.ts'
import { serveFolder } from './support/static-server.ts'

let browser: Browser
let page: Page
let folder: string
let host: Awaited<ReturnType<typeof serveFolder>>

beforeAll(async () => {
  folder = await builtPage('stand-in')
  host = await serveFolder(folder)
  browser = await launch()
  page = await browser.newPage()
}, 120_000)

afterAll(async () => {
  await browser?.close()
  host?.close()
})

it('shows what the page asks its own GPU, and stops it', async () => {
  const errors: string[] = []
  page.on('pageerror', (error) => errors.push(error.message))
  await page.goto(`${host.url}#chat`)
  await page.waitForFunction(() => navigator.serviceWorker.controller !== null)
  await page.getByText('endless', { exact: true }).click()
  await page.getByLabel('Message', { exact: true }).fill('Hello')
  await page.getByRole('button', { name: 'Send' }).click()
  await page.locator('.assistant', { hasText: /Water finds its way/ }).waitFor()
  await page.getByRole('link', { name: 'Activity' }).click()
  const row = page.locator('a.request:not(.ended)', { hasText: 'endless' })
  await row.locator('.mark[data-state="streaming"]').waitFor()
  await row.click()
  await page.locator('.said .words', { hasText: 'Water finds its way' }).waitFor()
  await page.locator('.detail').getByRole('button', { name: 'Stop' }).click()
  await page.locator('a.request.ended .mark[data-state="cancelled"]').waitFor()
  expect(errors).toEqual([])
}, 60_000)
