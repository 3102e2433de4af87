// What the page's HTML paints before any script of it has come.

import type { Page } from 'playwright-core'
import { expect, it } from 'vitest'
import { useServerWith } from '../support/server.ts'
import { useBrowser } from './support/use-browser.ts'

const browser = useBrowser('released')

const server = useServerWith('bun', async () => ({ flags: ['--no-discover'] }))

/** Of a page whose scripts, or whose answers of the server, never come. */
async function open(held: 'scripts' | 'answers', hash = '', width = 390) {
  const context = await browser.newContext({ viewport: { width, height: 844 } })
  const page = await context.newPage()
  await page.route('**/*', async (route) => {
    const url = new URL(route.request().url())
    const isScript = /\/assets\/(?!first-view)[^/]*\.js$/.test(url.pathname)
    const isAnswer = route.request().method() === 'HEAD' || /\/(health|v1)\b/.test(url.pathname)
    if (held === 'scripts' ? isScript : isAnswer) return
    await route.continue()
  })
  await page.goto(`${server.url}/${hash}`, { waitUntil: 'commit' })
  return { page, context }
}

/** Runs in the page: the texts that are visible, and where each is. */
function painted(): { text: string; at: number[] }[] {
  return [...document.querySelectorAll('h1, h2, .lead, .welcome p, nav > a, nav button, .card')]
    .filter((each) => each.checkVisibility({ visibilityProperty: true }))
    .map((each) => {
      const { x, y, width, height } = each.getBoundingClientRect()
      return { text: each.textContent ?? '', at: [x, y, width, height].map(Math.round) }
    })
}

const markup = (page: Page) =>
  page.locator('#app').evaluate((app) => {
    const copy = app.cloneNode(true) as HTMLElement
    // What the script has beside it: nothing of it is painted.
    for (const each of copy.querySelectorAll('[hidden], .status')) each.remove()
    return copy.innerHTML
  })

it.each([390, 1280])(
  'is what the script shows first, at the same place, at %d px',
  async (width) => {
    const before = await open('scripts', '', width)
    await before.page.locator('.skeleton .card').first().waitFor()
    const after = await open('answers', '', width)
    await after.page.locator('.start-columns[hidden]').waitFor({ state: 'attached' })
    const first = await before.page.evaluate(painted)
    expect(first.length).toBeGreaterThan(8)
    expect(await after.page.evaluate(painted)).toEqual(first)
    expect(await markup(after.page)).toBe(await markup(before.page))
    for (const { context } of [before, after]) await context.close()
  },
)

it('has the largest text of the page on a phone', async () => {
  const { page, context } = await open('scripts')
  const size = await page.locator('.lead').evaluate((lead) => {
    const { width, height } = lead.getBoundingClientRect()
    return width * height
  })
  // Paragraphs of the cards have at most four lines: 360 px by 90.
  expect(size).toBeGreaterThan(360 * 100)
  await context.close()
})

it('keeps the nodes that it has painted', async () => {
  const context = await browser.newContext()
  const page = await context.newPage()
  const marked = Promise.withResolvers<void>()
  await page.route('**/assets/index-*.js', async (route) => {
    await marked.promise
    await route.continue()
  })
  await page.goto(`${server.url}/`, { waitUntil: 'commit' })
  await page.locator('.lead').evaluate((lead) => {
    ;(lead as HTMLElement).dataset.painted = 'first'
    return lead.closest('main')?.setAttribute('data-painted', 'first')
  })
  const lead = await page.locator('.lead').elementHandle()
  marked.resolve()
  await page.locator('.start-actions:not([hidden])').waitFor()
  expect(await lead?.evaluate((each) => each.isConnected)).toBe(true)
  await context.close()
})

it.each(['#chat', '#activity/x', '#offer=abc'])('shows nothing of Start for %s', async (hash) => {
  const { page, context } = await open('scripts', hash)
  // Nothing is painted before the style sheet is there.
  await page.waitForFunction(() => document.styleSheets.length > 0)
  expect(await page.locator('.lead').isVisible()).toBe(false)
  await context.close()
})

it('shows nothing of Start to whoever has chatted', async () => {
  const { page, context } = await open('scripts')
  await page.locator('.lead').waitFor()
  await page.evaluate(() => {
    const said = [{ id: 'a', messages: [{ role: 'user', content: 'Hi' }] }]
    localStorage.setItem('sluice.conversations', JSON.stringify(said))
  })
  await page.goto(`${server.url}/`, { waitUntil: 'commit' })
  // Nothing is painted before the style sheet is there.
  await page.waitForFunction(() => document.styleSheets.length > 0)
  expect(await page.locator('.lead').isVisible()).toBe(false)
  await context.close()
})
