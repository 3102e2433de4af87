// The view with the lines that connect each client, with the real server and a real browser.

import { describe, expect, it } from 'vitest'
import { linesOf, ON_PAGES, readPage, withValues } from '../field/page.ts'
import { startServer, useServerWith } from '../support/server.ts'
import { keyEntry, openView } from './support/open-view.ts'
import { overflowing } from './support/overflowing.ts'
import { useBrowser } from './support/use-browser.ts'

const KEY = 'secret-of-ann'

const browser = useBrowser('released')

describe('with keys', () => {
  const server = useServerWith('bun', async () => ({
    flags: ['--static-delay', '0', '--alias', 'best=static'],
    env: { SLUICE_KEYS: JSON.stringify([await keyEntry('ann', KEY)]) },
  }))

  it('has the lines of the documentation, filled in, with the key masked until it is asked for', async () => {
    const options = { key: KEY, permissions: ['clipboard-read', 'clipboard-write'] }
    const { page, errors } = await openView(browser, server.url, 'connect/codex', options)
    await page.getByLabel('Model').selectOption('best')
    const file = page.locator('figure', { hasText: '~/.codex/config.toml' })
    const values = { ...ON_PAGES, url: server.url, key: KEY, model: 'best' }
    const blocks = readPage('codex').filter(({ apis }) => apis.includes('responses'))
    const shown = await file.locator('pre').textContent()
    expect(shown).toBe(linesOf(blocks, 'file', values).trimEnd())

    const terminal = page.locator('figure', { hasText: 'SLUICE_KEY' }).last()
    expect(await terminal.locator('pre').textContent()).toBe('export SLUICE_KEY=••••••••')
    expect(await page.content()).not.toContain(KEY)
    await terminal.getByRole('button', { name: /^Copy/ }).click()
    await terminal.getByText('Copied').first().waitFor()
    const copied = await page.evaluate(() => navigator.clipboard.readText())
    expect(copied).toBe(linesOf(blocks, 'env', values))
    expect(await page.content()).not.toContain(KEY)

    await page.getByRole('button', { name: 'Show the key' }).click()
    expect(await terminal.locator('pre').textContent()).toBe(`export SLUICE_KEY=${KEY}`)
    await page.getByRole('link', { name: 'Chat', exact: true }).click()
    await page.goBack()
    await terminal.waitFor()
    expect(await page.content()).not.toContain(KEY)
    expect(errors).toEqual([])
    await page.context().close()
  })

  it('asks for a key where it has none, and leaves its place free in the lines', async () => {
    const { page } = await openView(browser, server.url, 'start')
    // The page's own model needs none.
    await page.getByRole('heading', { name: 'This sluice needs an API key' }).waitFor()
    await page.getByRole('button', { name: 'Try a stream now' }).click()
    await page.getByText(/tokens · .*finished/).waitFor()
    await page.goto(`${server.url}/#connect/codex`)
    await page.getByText('export SLUICE_KEY=YOUR_KEY').waitFor()
    await page.getByLabel('This server requires an API key.').fill(KEY)
    await page.getByRole('button', { name: 'Use key' }).click()
    await page.getByText('export SLUICE_KEY=••••••••').waitFor()
    await page.context().close()
  })
})

it('says that any word will do, finds clients and their APIs, and fits on a phone', async () => {
  await using server = await startServer('bun', ['--static-delay', '0'])
  const { page } = await openView(browser, server.url, 'connect')
  await page.getByText('This server has no keys: any word will do.').waitFor()
  await page.getByText('--host 0.0.0.0').waitFor()
  await page.getByText('export ANTHROPIC_AUTH_TOKEN=none').waitFor()
  await page.getByLabel('Search clients').fill('openco')
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: 'opencode' }).waitFor()
  await page.getByLabel('Anthropic Messages').check()
  const blocks = readPage('opencode').filter(({ apis }) => apis.includes('messages'))
  const values = { ...ON_PAGES, url: server.url, key: 'none', model: 'static' }
  const text = withValues(blocks[0]?.text ?? '', values).trimEnd()
  expect(await page.locator('figure pre').first().textContent()).toBe(text)

  // On a phone the clients are a list to choose from.
  await page.setViewportSize({ width: 390, height: 844 })
  await page.getByLabel('Client', { exact: true }).selectOption('Copilot CLI')
  await page.getByText('COPILOT_PROVIDER_BASE_URL').waitFor()
  expect(new URL(page.url()).hash).toBe('#connect/copilot-cli')
  expect(await overflowing(page)).toEqual([])
  await page.context().close()
})
