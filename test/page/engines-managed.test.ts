// The view of the engines: servers that sluice starts itself, and a narrow screen.

import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { startManaged } from '../support/managed/run.ts'
import { serveActivity } from './support/activity-stand-in.ts'
import { openView } from './support/open-view.ts'
import { builtPage } from './support/pages.ts'
import { useBrowser } from './support/use-browser.ts'

const SOON = { timeout: 20_000 }

const browser = useBrowser('released')

const processOf = (page: Page, label: string) =>
  page
    .locator('.engine')
    .filter({ has: page.getByRole('heading', { name: label, exact: true }) })
    .locator('.process')

// Each has a server of its own, and waits for most of its time.
describe.concurrent('a server that sluice starts', () => {
  it('shows what its process does, which looking at it does not start', async ({ expect }) => {
    const upstream = [{ label: 'own', models: ['m'], flags: ['--load', 1_500], idle: '2s' }]
    await using it = await startManaged('bun', upstream)
    const { page, errors } = await openView(browser, it.server.url, 'engines')
    const process = processOf(page, 'own')
    await process.getByText('Stopped', { exact: true }).waitFor(SOON)
    const answer = it.chat('m')
    await process.getByText('Starting', { exact: true }).waitFor(SOON)
    await process.getByText('Ready', { exact: true }).waitFor(SOON)
    await answer
    await process.getByText('Stopped', { exact: true }).waitFor(SOON)
    expect(it.pids()).toHaveLength(1)
    expect(errors).toEqual([])
    await page.context().close()
  }, 60_000)

  it('shows that it failed, and its last output', async ({ expect }) => {
    const upstream = [{ label: 'own', models: ['m'], flags: ['--exit', 3] }]
    await using it = await startManaged('bun', upstream)
    const { page } = await openView(browser, it.server.url, 'engines')
    const process = processOf(page, 'own')
    await process.waitFor(SOON)
    await it.chat('m').catch(() => {})
    await process.getByText('Failed', { exact: true }).waitFor(SOON)
    await process.getByText(/failed .*3/).waitFor()
    await process.getByText('Its last output').click()
    await expect.poll(() => process.locator('pre').textContent(), SOON).not.toMatch(/Loading/)
    expect((await process.locator('pre').textContent())?.length).toBeGreaterThan(5)
    await page.context().close()
  }, 60_000)
})

it('no view scrolls sideways at any width, whatever is in it', async () => {
  const stand = await serveActivity(await builtPage('released'))
  const long = 'anamewithoutanyplacetobreak'.repeat(8)
  stand.list.engines = ['up', 'down', 'open'].map((state) => ({
    label: `${state}-${long}`,
    kind: long,
    state: state as 'up',
    breaker: state === 'open' ? 'open' : 'closed',
    running: 3,
    maxConcurrency: 4,
    models: [long, 'short'],
    loaded: [long],
    error: long,
    process: { state: 'failed', failures: 3, lastExit: long, waiting: 2 },
    recent: [{ model: long, requests: 20, firstTokenMs: 1_234, rate: 56.7 }],
  }))
  const level = { limit: 1_000_000_000, remaining: 0, fullInMs: 100_000 }
  stand.list.keys = [{ name: long, running: 2, maxConcurrency: 2, requests: level, tokens: level }]
  stand.list.captures = { rule: `engine=${long}`, count: 0, bytes: 0 }
  const { page } = await openView(browser, stand.url, 'engines')
  for (const width of [320, 390, 1280]) {
    await page.setViewportSize({ width, height: 700 })
    await expectNoOverflow(page, long)
  }
  stand.close()
  await page.context().close()
}, 60_000)

async function expectNoOverflow(page: Page, long: string): Promise<void> {
  for (const view of ['Engines', 'Keys', 'Captures']) {
    const link = page.getByRole('link', { name: view, exact: true })
    // On a narrow screen it is behind a button.
    if (!(await link.isVisible())) await page.getByRole('button', { name: 'More' }).click()
    await link.click()
    const main = page.getByRole('main', { name: view })
    await main.getByText(long).first().waitFor()
    const over = await main.evaluate(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)
    expect([view, over]).toEqual([view, 0])
  }
  const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
  expect(over).toBeLessThanOrEqual(0)
}
