// The page over a server whose feed says what a test lets it say. Each test has a server of its own, whose port
// makes it another origin: the tab that they share has stored nothing for it.

import type { Browser, BrowserContext, Locator, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest'
import { type ActivityStandIn, serveActivity } from './activity-stand-in.ts'
import { launch } from './browser.ts'
import { builtPage } from './pages.ts'

export interface ActivityView {
  stand: ActivityStandIn
  context: BrowserContext
  page: Page
  /** Opens the page at a hash: by default the list. */
  open(hash?: string): Promise<void>
  /** The row with this text. */
  row(text: string): Locator
  /** Its state in a word. */
  mark(text: string): Promise<string | null>
}

/** The fields are those of the test that runs. Each test fails if a script of the page has thrown. */
export function useActivityView(): ActivityView {
  let browser: Browser
  let folder: string
  let errors: string[] = []
  const view = {
    open: (hash = '#activity') => view.page.goto(`${view.stand.url}/${hash}`).then(() => {}),
    row: (text: string) => view.page.locator('a.request[data-id]', { hasText: text }),
    mark: (text: string) => view.row(text).locator('.mark').textContent(),
  } as ActivityView

  beforeAll(async () => {
    folder = await builtPage('stand-in')
    browser = await launch()
    view.context = await browser.newContext()
    view.page = await view.context.newPage()
    view.page.on('pageerror', (error) => errors.push(error.message))
  }, 120_000)

  afterAll(async () => {
    await browser?.close()
  })

  beforeEach(async () => {
    view.stand = await serveActivity(folder)
    errors = []
  })

  afterEach(async () => {
    await view.page.goto('about:blank')
    view.stand.close()
    expect(errors).toEqual([])
  })

  return view
}
