import type { Page } from 'playwright-core'

/** Elements that reach beyond the window, apart from those that only a screen reader has. */
export function overflowing(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const all = [...document.querySelectorAll('body *')].filter((each) => !each.closest('.hidden'))
    const wide = all.filter((each) => each.getBoundingClientRect().right > innerWidth + 1)
    return wide.map(({ tagName, className }) => `${tagName} ${className}`)
  })
}
