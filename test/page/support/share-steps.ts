// What a person and a program do with the view Share, for tests and for whoever takes pictures of it.

import type { Browser, BrowserContext, Page } from 'playwright-core'

export const SOON = { timeout: 15_000 }

export interface SharingTab {
  page: Page
  context: BrowserContext
  errors: string[]
}

/** Opens the view of a page in a browser profile of its own. `hash`: the view, or a link to be opened instead. */
export async function openSharing(
  browser: Browser,
  url: string,
  hash = '#share',
  key?: string,
): Promise<SharingTab> {
  const context = await browser.newContext()
  if (key !== undefined) {
    const text = JSON.stringify(key)
    await context.addInitScript((value) => localStorage.setItem('sluice.key', value), text)
  }
  return openSharingIn(context, url, hash)
}

/** The same in a profile that there is already. */
export async function openSharingIn(
  context: BrowserContext,
  url: string,
  hash = '#share',
): Promise<SharingTab> {
  const page = await context.newPage()
  const errors: string[] = []
  page.on('pageerror', (error) => errors.push(error.message))
  page.on('console', (message) => message.type() === 'error' && errors.push(message.text()))
  await page.goto(hash.startsWith('#') ? `${url}/${hash}` : hash)
  return { page, context, errors }
}

/** Loads a model and shares it, as a person does. */
export async function shareModel(
  { page }: SharingTab,
  model: string,
  timeout = SOON.timeout,
): Promise<void> {
  await page.getByLabel('Model to download').selectOption(model)
  await page.getByRole('button', { name: 'Download and offer' }).click()
  await page.getByText('on the GPU', { exact: false }).first().waitFor({ timeout })
  await page.getByRole('button', { name: 'Share this GPU' }).click()
  await page.getByText(/^Joined as/).waitFor(SOON)
}

/** Asks as a program does. */
export function ask(
  url: string,
  model: string,
  more: object = {},
  key?: string,
): Promise<Response> {
  return fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...authorization(key) },
    body: JSON.stringify({ model, messages: [{ role: 'user', content: 'Hello' }], ...more }),
  })
}

export function authorization(key: string | undefined): Record<string, string> {
  return key === undefined ? {} : { authorization: `Bearer ${key}` }
}
