// Captures on the page, with the real server and a real browser.

import { readFile } from 'node:fs/promises'
import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { parseRecording } from '../../src/recording/recording.ts'
import { startServer, useServerWith } from '../support/server.ts'
import { chat, keyEntry, openView } from './support/open-view.ts'
import { useBrowser } from './support/use-browser.ts'

/** News come once a second, and the list is read at most that often. */
const SOON = { timeout: 10_000 }

const KEY = 'secret-of-ops'

const browser = useBrowser('released')

const badge = (page: Page) =>
  page.getByRole('link', { name: /^Capturing .*prompts and answers are kept/ })
const entries = (page: Page) => page.getByRole('list', { name: 'Captures' }).locator('> li')
const start = (page: Page) => page.getByRole('button', { name: 'Start capturing' }).click()
const stop = (page: Page) => page.getByRole('button', { name: 'Stop capturing' }).click()

describe('an admin', () => {
  const server = useServerWith('bun', async () => ({
    flags: ['--static-delay', '0'],
    env: {
      SLUICE_KEYS: JSON.stringify([
        await keyEntry('ops', KEY, { admin: true }),
        await keyEntry('ann', 'secret-of-ann'),
      ]),
    },
  }))

  const ask = (secret = KEY, content = 'Hi') =>
    chat(
      server.base,
      { model: 'static', stream: true, messages: [{ role: 'user', content }] },
      secret,
    )

  it('captures the next request, sees so, downloads it, checks it and deletes it', async () => {
    const { page, errors } = await openView(browser, server.url, 'captures', { key: KEY })
    await page.getByText(/^No captures\./).waitFor()
    expect(await badge(page).count()).toBe(0)
    await page.getByLabel('How many requests').fill('1')
    await start(page)
    await badge(page).waitFor()
    await page.getByText('Capturing the next request.').waitFor()
    await ask(KEY, 'a secret question')
    await entries(page).first().waitFor()
    // One was asked for: it is over by itself.
    await badge(page).waitFor({ state: 'detached' })
    await expect
      .poll(() => entries(page).first().textContent(), SOON)
      .toMatch(/static.*✓?.*finished/)

    const name = /^Download what was sent to the client: static/
    const saving = page.waitForEvent('download')
    await page.getByRole('button', { name }).click()
    const saved = await saving
    expect(saved.suggestedFilename()).toMatch(/^capture-[\w.-]+\.jsonl$/)
    const recording = parseRecording(await readFile(await saved.path(), 'utf8'))
    expect(recording.request.body).toContain('a secret question')
    expect(recording.packets.length).toBeGreaterThan(0)
    expect(JSON.stringify(recording)).not.toContain(KEY)

    await page.getByRole('button', { name: /^Check what was sent to the client/ }).click()
    await page.getByText('What was sent to the client breaks no rule.').waitFor()
    await page.getByRole('button', { name: /^Delete static/ }).click()
    await page.getByText(/^No captures\./).waitFor()
    expect(errors).toEqual([])
    await page.context().close()
  }, 60_000)

  it('captures one key alone until it is stopped, and deletes all', async () => {
    const { page } = await openView(browser, server.url, 'captures', { key: KEY })
    await page.getByLabel('Which key').selectOption('ann')
    await start(page)
    await badge(page).waitFor()
    await ask()
    await ask('secret-of-ann')
    await ask('secret-of-ann')
    await expect.poll(() => entries(page).count(), SOON).toBe(2)
    expect(await entries(page).first().textContent()).toContain('key ann')
    await stop(page)
    await badge(page).waitFor({ state: 'detached' })
    await ask('secret-of-ann')
    await page.getByRole('button', { name: 'Delete all…' }).click()
    await page.getByRole('button', { name: 'Keep them' }).click()
    expect(await entries(page).count()).toBe(2)
    await page.getByRole('button', { name: 'Delete all…' }).click()
    await page.getByRole('button', { name: 'Delete all 2' }).click()
    await page.getByText(/^No captures\./).waitFor()
    await page.context().close()
  }, 60_000)

  it('sees in the chat as well that prompts are kept, whoever switched that on', async () => {
    const rule = (capture: string) =>
      fetch(`${server.base}/captures`, {
        method: 'POST',
        headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' },
        body: JSON.stringify({ capture }),
      })
    await rule('all')
    const { page } = await openView(browser, server.url, 'chat', { key: KEY })
    await badge(page).waitFor()
    expect(await badge(page).textContent()).toContain('all requests')
    await rule('off')
    await badge(page).waitFor({ state: 'detached' })
    await page.context().close()
  }, 60_000)

  it('reads why a check is not possible', async () => {
    const { page } = await openView(browser, server.url, 'captures', { key: KEY })
    await start(page)
    await badge(page).waitFor()
    await ask()
    const name = /^Check what was sent by the engine/
    await page.getByRole('button', { name }).first().click()
    await page.getByText('static was not asked over HTTP').waitFor()
    await page.context().close()
  }, 60_000)
})

it('an ordinary key learns which key is needed, and no capture', async () => {
  const keys = [await keyEntry('ann', 'secret-of-ann')]
  const env = { SLUICE_KEYS: JSON.stringify(keys) }
  await using server = await startServer('bun', ['--static-delay', '0', '--capture', 'all'], env)
  await chat(server.base, { model: 'static', stream: true }, 'secret-of-ann')
  const { page } = await openView(browser, server.url, 'captures', { key: 'secret-of-ann' })
  await page.getByText('they are shown to admin keys only').waitFor()
  expect(await entries(page).count()).toBe(0)
  expect(await page.getByRole('button', { name: 'Start capturing' }).count()).toBe(0)
  await page.context().close()
}, 60_000)
