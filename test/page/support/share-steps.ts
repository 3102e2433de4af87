// What a person and a program do with the view Share, for tests and for whoever takes pictures of it.

import type { BrowserContext, Page } from 'playwright-core'

export const SOON = { timeout: 15_000 }

export interface SharingTab {
  page: Page
  context: BrowserContext
  errors: string[]
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
