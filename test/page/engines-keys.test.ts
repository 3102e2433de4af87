// The view of the keys, with the real server and a real browser.

import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { root } from '../../scripts/hosts.mjs'
import { buildPage } from '../../scripts/page.mjs'
import { startServer, useServerWith } from '../support/server.ts'
import { launch } from './support/browser.ts'
import { chat, keyEntry, openView } from './support/open-view.ts'

let browser: Browser

beforeAll(async () => {
  await buildPage(join(root, 'dist/page'))
  browser = await launch()
}, 90_000)

afterAll(() => browser?.close())

const meter = (page: Page, name: string) => page.getByRole('meter', { name, exact: true })

const textOf = (page: Page, name: string) => async () =>
  (await meter(page, name).getAttribute('aria-valuetext')) ?? ''

describe('with keys', () => {
  const server = useServerWith('bun', async () => ({
    flags: ['--static-delay', '0'],
    env: {
      SLUICE_KEYS: JSON.stringify([
        await keyEntry('ops', 'secret-of-ops', { admin: true }),
        await keyEntry('ann', 'secret-of-ann', {
          requestsPerMinute: 4,
          tokensPerMinute: 100_000,
          maxConcurrency: 2,
        }),
        await keyEntry('bob', 'secret-of-bob', { requestsPerMinute: 60 }),
      ]),
    },
  }))

  const ask = (secret: string) => chat(server.base, { model: 'static', stream: true }, secret)

  it('shows what is left move with each request, refill by itself, and a limit that is reached', async () => {
    const key = 'secret-of-ops'
    const { page, errors, asked } = await openView(browser, server.url, 'keys', { key })
    const requests = 'Requests per minute of ann'
    await meter(page, requests).waitFor()
    expect(await textOf(page, requests)()).toBe('4 of 4 left')
    expect(await textOf(page, 'Requests at the same time of ann')()).toBe('2 of 2 left · 0 run')
    await page.getByText('No limits are set for this key.').waitFor()

    expect(await ask('secret-of-ann')).toBe(200)
    await expect.poll(textOf(page, requests)).toMatch(/^3 of 4 left · full in \d+ s$/)
    await expect.poll(textOf(page, 'Tokens per minute of ann')).toMatch(/ of 100,000 left/)
    await page.getByText('Limit reached').waitFor({ state: 'detached' })

    while ((await ask('secret-of-ann')) !== 429);
    await expect
      .poll(textOf(page, requests))
      .toMatch(/^Limit reached, 0 of 4 left · usable in \d+ s/)
    expect(await page.locator('.key.over h3').allTextContents()).toEqual(['ann'])
    expect(await page.locator('.key.over .over-mark').textContent()).toBe('Limit reached')

    // A request every 15 seconds becomes free, without any news from the server that would say so.
    await expect.poll(textOf(page, requests), { timeout: 20_000 }).toMatch(/^1 of 4 left/)
    expect(asked.filter((path) => path.startsWith('/v1/activity'))).toHaveLength(1)
    expect(errors).toEqual([])
    await page.context().close()
  }, 60_000)

  it('shows an ordinary key itself alone', async () => {
    const { page } = await openView(browser, server.url, 'keys', { key: 'secret-of-bob' })
    await meter(page, 'Requests per minute of bob').waitFor()
    expect(await page.locator('.key h3').allTextContents()).toEqual(['bob'])
    await page.getByText('You see your own key.').waitFor()
    await page.context().close()
  })

  it('asks for a key where there is none', async () => {
    const { page } = await openView(browser, server.url, 'keys')
    await page.getByLabel('This server requires an API key.').fill('secret-of-bob')
    await page.getByRole('button', { name: 'Use key' }).click()
    await meter(page, 'Requests per minute of bob').waitFor()
    await page.context().close()
  })

  it('changes once a second where no motion is wanted', async () => {
    const key = 'secret-of-bob'
    await ask(key)
    const options = { key, reducedMotion: 'reduce' as const }
    const { page } = await openView(browser, server.url, 'keys', options)
    await meter(page, 'Requests per minute of bob').waitFor()
    await ask(key)
    await expect.poll(textOf(page, 'Requests per minute of bob')).toContain('full in')
    const running = await page.evaluate(() => document.getAnimations().length)
    expect(running).toBe(0)
    await page.context().close()
  })
})

it('says what it means that there are no keys', async () => {
  await using server = await startServer('bun')
  const { page } = await openView(browser, server.url, 'keys')
  await page.getByText('No keys are configured.').waitFor()
  await page.getByText('sluice key new NAME', { exact: true }).waitFor()
  await page.context().close()
}, 60_000)
