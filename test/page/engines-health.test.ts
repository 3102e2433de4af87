// The view of the engines, with the real server, real upstreams and a real browser.

import type { Page } from 'playwright-core'
import { it } from 'vitest'
import { startServer } from '../support/server.ts'
import { startUpstream } from '../support/upstream.ts'
import { serveActivity } from './support/activity-stand-in.ts'
import { chat, keyEntry, openView } from './support/open-view.ts'
import { builtPage } from './support/pages.ts'
import { useBrowser } from './support/use-browser.ts'

/** Longer than the time after which a watched engine is asked again, and than a breaker is open at first. */
const NOTICED = { timeout: 25_000 }

const XSS = '<img src=x onerror="window.hit=1">'

const browser = useBrowser('released')

const card = (page: Page, label: string) =>
  page.locator('.engine').filter({ has: page.getByRole('heading', { name: label, exact: true }) })

const model = (id: string) => ({ id, object: 'model' as const, created: 1, owned_by: 'tests' })

// Each has a server and a page of its own, and waits for most of its time.
it.concurrent('shows that an upstream goes down and comes back, while nothing else is asked for', async ({
  expect,
}) => {
  const upstream = await startUpstream({ models: [model('one')] })
  const { port } = upstream
  await using server = await startServer('bun', ['--upstream', `box=${upstream.url}`])
  const { page, errors, asked } = await openView(browser, server.url, 'engines')
  const box = card(page, 'box')
  await box.getByText('Up', { exact: true }).waitFor(NOTICED)
  expect(await box.getByRole('list', { name: 'Models of box' }).textContent()).toBe('one')
  expect(await page.locator('.engines-summary').textContent()).toContain('1 up')

  await upstream.close()
  await box.getByText('Down', { exact: true }).waitFor(NOTICED)
  expect(await box.textContent()).toContain('Its models could not be listed')
  expect(await box.textContent()).toContain('check that it is running')

  const again = await startUpstream({ port, models: [model('one'), model('two')] })
  await box.getByText('Up', { exact: true }).waitFor(NOTICED)
  await box.getByText('two', { exact: true }).waitFor()
  await again.close()

  // One connection, however long it was watched.
  expect(asked.filter((path) => path === '/v1/activity')).toHaveLength(1)
  expect(asked.filter((path) => path.startsWith('/v1/activity'))).toHaveLength(1)
  expect(errors).toEqual([])
  await page.context().close()
}, 120_000)

it.concurrent('says when the breaker opens, and closes by one request', async ({ expect }) => {
  const upstream = await startUpstream({ models: [model('one')] })
  const { port } = upstream
  await using server = await startServer('bun', ['--upstream', `box=${upstream.url}`])
  const { page } = await openView(browser, server.url, 'engines')
  const box = card(page, 'box')
  await box.getByText('Up', { exact: true }).waitFor(NOTICED)
  await upstream.close()
  for (let count = 0; count < 6; count++) await chat(server.base, { model: 'one' })
  await box.getByText('Breaker open', { exact: true }).waitFor(NOTICED)
  expect(await box.textContent()).toContain('Then one request is sent to try it')
  await box.getByRole('link', { name: 'Show its failed requests' }).click()
  await page.getByRole('main', { name: 'Activity' }).getByText('one').first().waitFor()
  await page.getByRole('link', { name: 'Engines', exact: true }).click()

  const again = await startUpstream({ port, models: [model('one')] })
  await box.getByText('Breaker half-open', { exact: true }).waitFor(NOTICED)
  await expect.poll(() => chat(server.base, { model: 'one' }), NOTICED).toBe(200)
  await box.getByText('Up', { exact: true }).waitFor(NOTICED)
  await again.close()
  await page.context().close()
}, 120_000)

it.concurrent('plots the first token and the rate of each model, with a table of the same values', async ({
  expect,
}) => {
  const upstream = await startUpstream({ models: [model('one')] })
  await using server = await startServer('bun', ['--upstream', `box=${upstream.url}`])
  upstream.script = { steps: wordsOf(12) }
  const { page } = await openView(browser, server.url, 'engines')
  const box = card(page, 'box')
  await box.getByText('No answers yet.').waitFor(NOTICED)
  for (let count = 0; count < 3; count++) await chat(server.base, { model: 'one', stream: true })
  const plots = box.getByRole('img')
  await plots.first().waitFor(NOTICED)
  await expect
    .poll(() => plots.first().getAttribute('aria-label'), NOTICED)
    .toMatch(/^First token of one: 3 requests, from .+ to .+, median /)
  expect(await plots.last().getAttribute('aria-label')).toMatch(/^Tokens per second of one: 3 req/)
  expect(await plots.locator('canvas').count()).toBe(2)
  await box.getByText('Values as a table').click()
  expect(await box.getByRole('table').getByRole('row').count()).toBe(4)
  await box.getByText(/^last 3 requests · first token .* · .* tokens\/s$/).waitFor()

  // They stay as long as the page does, also while another view is shown.
  await page.getByRole('link', { name: 'Keys', exact: true }).click()
  await page.getByRole('link', { name: 'Engines', exact: true }).click()
  await expect.poll(() => plots.count(), NOTICED).toBe(2)
  await upstream.close()
  await page.context().close()
}, 60_000)

it.concurrent('says how to begin where there is only the built-in engine', async ({ expect }) => {
  await using server = await startServer('bun')
  const { page, errors } = await openView(browser, server.url, 'engines', {
    permissions: ['clipboard-read', 'clipboard-write'],
  })
  await page.getByText('No model server yet.').waitFor()
  await page.getByRole('button', { name: 'Copy ollama serve' }).click()
  await page.getByText('Copied').first().waitFor()
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe('ollama serve')
  await card(page, 'static').getByText('built in').waitFor()
  expect(errors).toEqual([])
  await page.context().close()
}, 60_000)

it.concurrent('shows the names of models as text', async ({ expect }) => {
  const upstream = await startUpstream({ models: [model(XSS)] })
  await using server = await startServer('bun', ['--upstream', `box=${upstream.url}`])
  upstream.script = { steps: wordsOf(6) }
  const { page } = await openView(browser, server.url, 'engines')
  await chat(server.base, { model: XSS, stream: true })
  await page.getByRole('img', { name: /^First token of <img src=x/ }).waitFor(NOTICED)
  expect(await page.locator('main img').count()).toBe(0)
  expect(await page.evaluate(() => 'hit' in window)).toBe(false)
  await upstream.close()
  await page.context().close()
}, 60_000)

it.concurrent('shows all other words as text too, whatever a server says', async ({ expect }) => {
  const stand = await serveActivity(await builtPage('released'))
  const process = { state: 'failed' as const, lastExit: XSS, waiting: 0 }
  const state = { state: 'down' as const, breaker: 'closed' as const, running: 0, error: XSS }
  const names = { label: XSS, kind: XSS, models: [XSS], loaded: [XSS] }
  stand.list.engines = [{ ...names, ...state, process, recent: [{ model: XSS, requests: 1 }] }]
  stand.list.keys = [{ name: XSS, running: 0, maxConcurrency: 1 }]
  stand.list.captures = { rule: `key=${XSS}`, count: 0, bytes: 0 }
  const { page } = await openView(browser, stand.url, 'engines')
  await card(page, XSS).waitFor()
  await page.getByRole('link', { name: /^Capturing .* requests of key <img/ }).waitFor()
  for (const view of ['Keys', 'Captures', 'Engines']) {
    await page.getByRole('link', { name: view, exact: true }).click()
    await page.getByRole('main', { name: view }).getByText(XSS).first().waitFor()
    expect(await page.locator('#app img').count()).toBe(0)
  }
  expect(await page.evaluate(() => 'hit' in window)).toBe(false)
  stand.close()
  await page.context().close()
}, 60_000)

it.concurrent('tells an ordinary key which key is needed, and shows it no engine', async ({
  expect,
}) => {
  const keys = [await keyEntry('ann', 'secret-of-ann')]
  const env = { SLUICE_KEYS: JSON.stringify(keys) }
  const upstream = await startUpstream({ models: [model('one')] })
  await using server = await startServer('bun', ['--upstream', `box=${upstream.url}`], env)
  const { page } = await openView(browser, server.url, 'engines', { key: 'secret-of-ann' })
  await page.getByText('Engines are shown to admin keys only').waitFor()
  expect(await page.locator('.engine').count()).toBe(0)
  expect(await page.locator('body').textContent()).not.toContain('box')
  await upstream.close()
  await page.context().close()
}, 60_000)

/** A stream of so many words, some milliseconds apart. */
function wordsOf(count: number) {
  const chunk = (choice: object) => ({
    chunk: {
      id: 'a',
      object: 'chat.completion.chunk',
      created: 1,
      model: 'one',
      choices: [{ index: 0, finish_reason: null, ...choice }],
    },
  })
  const words = Array.from({ length: count }, (_, index) => [
    { wait: 10 },
    chunk({ delta: { role: 'assistant', content: `word${index} ` } }),
  ])
  const last = chunk({ delta: {}, finish_reason: 'stop' })
  return [...words.flat(), last, { send: 'data: [DONE]\n\n' }]
}
