import type { Browser } from 'playwright-core'
import { afterAll, beforeAll } from 'vitest'
import { launch } from './browser.ts'
import { builtPage, type PageName } from './pages.ts'

/**
 * A browser for the tests of a file, which show one of the pages: there before the first test, closed after
 * the last. Read its fields only inside tests and hooks.
 */
export function useBrowser(page: PageName): Browser {
  let browser: Browser | undefined
  beforeAll(async () => {
    await builtPage(page)
    browser = await launch()
  }, 120_000)
  afterAll(() => browser?.close())
  return new Proxy({} as Browser, {
    get(_, name) {
      if (browser === undefined) throw new Error('The browser is not started yet.')
      const value: unknown = browser[name as keyof Browser]
      return typeof value === 'function' ? value.bind(browser) : value
    },
  })
}
