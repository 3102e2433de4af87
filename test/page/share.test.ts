// A browser's GPU that answers the programs that ask a server: the real server, a real browser, and an
// engine that needs no weights.

import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { launch } from './support/browser.ts'
import { builtPage } from './support/pages.ts'
import {
  ask,
  errorsIn,
  openSharing,
  read,
  type SharingServer,
  SOON,
  saidIn,
  shareModel,
  startSharingServer,
  untilOffered,
} from './support/sharing.ts'

let browser: Browser
let sharing: SharingServer

beforeAll(async () => {
  const folder = await builtPage('stand-in')
  sharing = await startSharingServer(folder)
  browser = await launch()
}, 120_000)

afterAll(async () => {
  await browser?.close()
  await sharing?.[Symbol.asyncDispose]()
})

afterEach(async () => {
  for (const context of browser.contexts()) await context.close()
})

it('answers programs, streamed and whole, and stops when its owner says so', async () => {
  const { url } = sharing
  const tab = await openSharing(browser, url)
  const { page, errors } = tab
  await shareModel(tab, 'stand-in')
  await untilOffered(url, 'stand-in')

  const whole = (await (await ask(url, 'stand-in')).json()) as {
    choices: { message: { content: string } }[]
  }
  expect(whole.choices[0]?.message.content).toBe('Water finds its way.')
  const streamed = await (await ask(url, 'stand-in', { stream: true })).text()
  expect(saidIn(streamed)).toBe('Water finds its way.')
  expect(streamed.endsWith('data: [DONE]\n\n')).toBe(true)
  await expect.poll(() => page.locator('.share-totals').textContent(), SOON).toMatch(/answered2/)
  expect(await page.locator('.share-totals').textContent()).toMatch(/Tokens10/)

  await page.getByRole('button', { name: 'Pause' }).click()
  await expect.poll(async () => (await ask(url, 'stand-in')).status, SOON).toBe(404)
  await page.getByRole('button', { name: 'Resume' }).click()
  await expect.poll(async () => (await ask(url, 'stand-in')).status, SOON).toBe(200)
  await page.getByRole('button', { name: 'Stop sharing' }).click()
  await expect.poll(async () => (await ask(url, 'stand-in')).status, SOON).toBe(404)
  expect(errors).toEqual([])
})
