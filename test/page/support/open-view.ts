import type { Browser, BrowserContextOptions, Page } from 'playwright-core'

export interface OpenedView {
  page: Page
  /** Errors of scripts, and messages that the console shows as errors. */
  errors: string[]
  /** The paths that the page has asked for since it was opened, of the API only. */
  asked: string[]
}

/** Opens the page of a server at one of its views. `key`: the API key that the page uses. */
export async function openView(
  browser: Browser,
  url: string,
  view: string,
  { key, ...options }: BrowserContextOptions & { key?: string | undefined } = {},
): Promise<OpenedView> {
  const context = await browser.newContext(options)
  if (key !== undefined) {
    const text = JSON.stringify(key)
    await context.addInitScript((value) => localStorage.setItem('sluice.key', value), text)
  }
  const page = await context.newPage()
  const errors: string[] = []
  const asked: string[] = []
  page.on('pageerror', (error) => errors.push(error.message))
  page.on('console', (message) => message.type() === 'error' && errors.push(message.text()))
  context.on('request', (request) => {
    const { pathname } = new URL(request.url())
    if (pathname.startsWith('/v1/') || pathname === '/health') asked.push(pathname)
  })
  await page.goto(`${url}/#${view}`)
  return { page, errors, asked }
}

/** An entry for `SLUICE_KEYS`, with any options of a key. */
export async function keyEntry(name: string, secret: string, options: object = {}) {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(secret))
  return { name, hash: `sha256:${Buffer.from(digest).toString('hex')}`, ...options }
}

/** Sends a chat with an API key, and reads the whole answer. */
export async function chat(base: string, body: object, secret?: string): Promise<number> {
  const response = await fetch(`${base}/chat/completions`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(secret !== undefined && { authorization: `Bearer ${secret}` }),
    },
    body: JSON.stringify({ messages: [{ role: 'user', content: 'Hi' }], ...body }),
  })
  await response.text()
  return response.status
}
