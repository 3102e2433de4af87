// The activity view over a real server: who sees what, and a stream that is watched and stopped.

import { createHash } from 'node:crypto'
import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { useServer } from '../support/server.ts'
import { useBrowser } from './support/use-browser.ts'

const browser = useBrowser('released')

/** The machine may be busy. */
const soon = <T>(read: () => T) => expect.poll(read, { timeout: 15_000 })

const KEYS = { ann: 'key-of-ann', bo: 'key-of-bo', ops: 'key-of-ops' }

const hash = (key: string) => createHash('sha256').update(key).digest('hex')

const SLOW = ['--static-delay', '60', '--static-text', 'Water finds **its way**. '.repeat(200)]

interface Asked {
  base: string
  key?: string
  path?: string
  body?: object
}

const CHAT = { messages: [{ role: 'user', content: 'Hi' }] }

/** A client that reads one stream; its end, whatever it is, is no fault. */
function ask({ base, key, path = 'chat/completions', body = CHAT }: Asked): AbortController {
  const control = new AbortController()
  const read = async () => {
    const response = await fetch(`${base}/${path}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(key !== undefined && { authorization: `Bearer ${key}` }),
      },
      body: JSON.stringify({
        model: 'static',
        stream: true,
        ...body,
      }),
      signal: control.signal,
    })
    for await (const _ of response.body ?? []);
  }
  void read().catch(() => {})
  return control
}

const rows = (page: Page) => page.locator('a.request[data-id]')

describe('a server with keys', () => {
  const server = useServer('bun', SLOW, {
    SLUICE_KEYS: JSON.stringify([
      { name: 'ann', hash: `sha256:${hash(KEYS.ann)}` },
      { name: 'bo', hash: `sha256:${hash(KEYS.bo)}` },
      { name: 'ops', hash: `sha256:${hash(KEYS.ops)}`, admin: true },
    ]),
  })

  async function openWith(key: string): Promise<Page> {
    const page = await (await browser.newContext()).newPage()
    await page.goto(`${server.url}/#activity`)
    await page.getByLabel('This server requires an API key.').fill(key)
    await page.getByRole('button', { name: 'Use key' }).click()
    return page
  }

  it('shows nothing without a key, to an ordinary one its own requests, and all to an admin', async () => {
    const clients = [
      ask({ base: server.base, key: KEYS.ann }),
      ask({ base: server.base, key: KEYS.bo }),
    ]
    const nobody = await browser.newPage()
    const answers: string[] = []
    nobody.on('response', (response) => {
      if (response.url().includes('/v1/activity')) answers.push(String(response.status()))
    })
    await nobody.goto(`${server.url}/#activity`)
    await nobody.getByLabel('This server requires an API key.').waitFor()
    expect(await rows(nobody).count()).toBe(0)
    expect(answers.length).toBeGreaterThan(0)
    expect(answers.every((status) => status === '401')).toBe(true)
    await nobody.close()

    const ann = await openWith(KEYS.ann)
    await ann.getByText('You see the requests of your own key.').waitFor()
    await rows(ann).first().waitFor()
    const shown = await rows(ann).locator('.who span').allTextContents()
    expect(new Set(shown)).toEqual(new Set(['ann']))
    await ann.context().close()

    const ops = await openWith(KEYS.ops)
    await rows(ops).nth(1).waitFor()
    const all = await rows(ops).locator('.who span').allTextContents()
    expect(all).toEqual(expect.arrayContaining(['ann', 'bo']))
    expect(await ops.getByText('You see the requests of your own key.').count()).toBe(0)
    await ops.context().close()
    for (const client of clients) client.abort()
  }, 90_000)
})

describe('a server without keys', () => {
  const server = useServer('bun', SLOW)

  it.each([
    ['chat/completions', CHAT],
    ['messages', { ...CHAT, max_tokens: 5_000 }],
    ['responses', { input: 'Hi' }],
    ['completions', { prompt: 'Hi' }],
    ['../api/chat', CHAT],
    ['../api/generate', { prompt: 'Hi' }],
  ])(
    'shows what %s says while it comes, and stops it',
    async (path, body) => {
      const { pathname } = new URL(`${server.base}/${path}`)
      const client = ask({ base: server.base, path, body })
      const page = await browser.newPage()
      const errors: string[] = []
      page.on('pageerror', (error) => errors.push(error.message))
      await page.goto(`${server.url}/#activity`)
      const row = page.locator('a.request[data-id]:not(.ended)')
      await row.locator('.mark[data-state="streaming"]').waitFor()
      await row.click()
      const words = page.locator('.said .words')
      await words.locator('strong', { hasText: 'its way' }).first().waitFor()
      const before = ((await words.textContent()) ?? '').length
      await soon(async () => ((await words.textContent()) ?? '').length).toBeGreaterThan(before)
      expect(await page.locator('.frames li.text').count()).toBeGreaterThan(3)
      await page.locator('.detail').getByRole('button', { name: 'Stop' }).click()
      await page.getByText(/^Stopped the request to static/).waitFor()
      const entry = await server.nextLog(({ path: at }) => at === pathname, 10_000)
      expect(entry.outcome).toBe('cancelled')
      await page.locator('.detail .mark[data-state="cancelled"]').waitFor()
      expect(errors).toEqual([])
      await page.close()
      client.abort()
    },
    60_000,
  )
})

describe('a server that captures', () => {
  const text = 'Water finds **its way**.'
  const server = useServer('bun', [
    '--capture',
    'all',
    '--static-text',
    text,
    '--static-delay',
    '300',
  ])

  it('shows and replays what has ended, and sends it again', async () => {
    ask({ base: server.base })
    await server.nextLog(({ path }) => path === '/v1/chat/completions', 10_000)
    const page = await browser.newPage()
    await page.goto(`${server.url}/#activity`)
    await rows(page).first().click()
    const detail = page.locator('.detail')
    await detail.locator('.said strong', { hasText: 'its way' }).waitFor()
    await detail.getByText('This stream breaks no rule.').waitFor()
    await detail.getByRole('button', { name: 'Play' }).click()
    await detail.getByRole('button', { name: 'Show all' }).waitFor()
    await detail.getByRole('button', { name: 'Play' }).waitFor()
    const first = page.url()
    await detail.getByRole('button', { name: 'Send again' }).click()
    await page.waitForURL((url) => url.href !== first && url.hash.startsWith('#activity/'))
    await detail.locator('.said strong', { hasText: 'its way' }).waitFor()
    await detail.locator('.mark[data-state="finished"]').waitFor()
    expect(await rows(page).count()).toBe(2)
    await page.close()
  }, 60_000)
})
