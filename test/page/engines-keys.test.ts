// The view of the keys, with the real server and a real browser.

import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { startServer, useServerWith } from '../support/server.ts'
import { serveActivity } from './support/activity-stand-in.ts'
import { chat, keyEntry, openView } from './support/open-view.ts'
import { builtPage } from './support/pages.ts'
import { useBrowser } from './support/use-browser.ts'

const SOON = { timeout: 10_000 }

const browser = useBrowser('released')

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
          requestsPerMinute: 10,
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
    expect(await textOf(page, requests)()).toBe('10 of 10 left')
    expect(await textOf(page, 'Requests at the same time of ann')()).toBe('2 of 2 left · 0 run')
    await page.getByText('No limits are set for this key.').waitFor()

    expect(await ask('secret-of-ann')).toBe(200)
    await expect.poll(textOf(page, requests), SOON).toMatch(/^9 of 10 left · full in \d+ s$/)
    await expect.poll(textOf(page, 'Tokens per minute of ann'), SOON).toMatch(/ of 100,000 left/)
    await page.getByText('Limit reached').waitFor({ state: 'detached' })

    while ((await ask('secret-of-ann')) !== 429);
    await expect
      .poll(textOf(page, requests), SOON)
      .toMatch(/^Limit reached, 0 of 10 left · usable in \d+ s/)
    expect(await page.locator('.key.over h3').allTextContents()).toEqual(['ann'])
    expect(await page.locator('.key.over .over-mark').textContent()).toBe('Limit reached')

    // A request becomes free every 6 seconds.
    await expect.poll(textOf(page, requests), { timeout: 20_000 }).toMatch(/^1 of 10 left/)
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
    await expect.poll(textOf(page, 'Requests per minute of bob'), SOON).toContain('full in')
    const running = await page.evaluate(() => document.getAnimations().length)
    expect(running).toBe(0)
    await page.context().close()
  })
})

it('counts by itself between the news, and knows when a debt is paid', async () => {
  const stand = await serveActivity(await builtPage('released'))
  const requests = { limit: 600, remaining: 100, fullInMs: 50_000 }
  const tokens = { limit: 60_000, remaining: 0, fullInMs: 63_000 }
  stand.list.keys = [{ name: 'ann', requests, tokens }]
  const { page } = await openView(browser, stand.url, 'keys')
  await expect.poll(textOf(page, 'Requests per minute of ann'), SOON).toMatch(/^1\d\d of 600 left/)
  expect(await textOf(page, 'Tokens per minute of ann')()).toMatch(
    /^Limit reached, .* over the limit/,
  )
  // Ten requests and a thousand tokens a second.
  await expect.poll(textOf(page, 'Requests per minute of ann'), SOON).toMatch(/^14\d of 600/)
  await expect.poll(textOf(page, 'Tokens per minute of ann'), SOON).toMatch(/^1,\d\d\d of 60,000/)
  expect(await page.locator('.over-mark').count()).toBe(0)
  expect(stand.asked).toBe(1)
  // The bars move by the browser's own animations.
  const left = await page.evaluate(() => document.getAnimations().map(({ playState }) => playState))
  expect(left).toEqual(['running', 'running'])
  stand.close()
  await page.context().close()
}, 60_000)

it('says what it means that there are no keys', async () => {
  await using server = await startServer('bun')
  const { page } = await openView(browser, server.url, 'keys')
  await page.getByText('No keys are configured.').waitFor()
  await page.getByText('sluice key new NAME', { exact: true }).waitFor()
  await page.context().close()
}, 60_000)
