// A browser's GPU that answers the programs that ask a server: the real server, a real browser, and an
// engine that needs no weights.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Browser, BrowserContext } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { runToEnd } from '../support/server.ts'
import { launch } from './support/browser.ts'
import { keyEntry } from './support/open-view.ts'
import { builtPage } from './support/pages.ts'
import { ask, openSharing, type SharingTab, SOON, shareModel } from './support/share-steps.ts'
import {
  connectedTabs,
  errorsIn,
  read,
  type SharingServer,
  saidIn,
  startSharingServer,
  untilOffered,
} from './support/sharing.ts'

let browser: Browser
let sharing: SharingServer
/** It takes seconds until the server gives the tab up: other tests run meanwhile. */
let crashing: ReturnType<typeof crashInAnswer>

beforeAll(async () => {
  const folder = await builtPage('stand-in')
  sharing = await startSharingServer(folder)
  browser = await launch()
  crashing = crashInAnswer()
  crashing.catch(() => {})
}, 120_000)

afterAll(async () => {
  await browser?.close()
  await sharing?.[Symbol.asyncDispose]()
})

afterEach(async () => {
  for (const context of opened.splice(0)) await context.close()
})

/** What the current test has opened. */
const opened: BrowserContext[] = []

async function open(...given: Parameters<typeof openSharing>): Promise<SharingTab> {
  const tab = await openSharing(...given)
  opened.push(tab.context)
  return tab
}

/** What a program gets that is answered by a tab whose renderer crashes, and after how many milliseconds. */
async function crashInAnswer() {
  const tab = await openSharing(browser, sharing.url)
  await shareModel(tab, 'paced')
  await untilOffered(sharing.url, 'paced')
  const reading = read(await ask(sharing.url, 'paced', { stream: true }))
  await expect.poll(() => reading.text, SOON).toContain('"content":"1')
  const session = await tab.context.newCDPSession(tab.page)
  const since = performance.now()
  void session.send('Page.crash').catch(() => {})
  await reading.ended
  return { text: reading.text, after: performance.now() - since }
}

it('answers programs, streamed and whole, and stops when its owner says so', async () => {
  const { url } = sharing
  const tab = await open(browser, url)
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

it('ends a stream with one error when the tab is closed, and asks another for what had not begun', async () => {
  const { url } = sharing
  const first = await open(browser, url)
  await shareModel(first, 'endless')
  await untilOffered(url, 'endless')
  const reading = read(await ask(url, 'endless', { stream: true }))
  await expect.poll(() => reading.text, SOON).toContain('"content"')
  // It waits for the only tab that there is.
  const waiting = ask(url, 'endless', { max_tokens: 5 })
  const second = await open(browser, url)
  await shareModel(second, 'endless')

  const closedAt = performance.now()
  await first.page.close({ runBeforeUnload: false })
  await reading.ended
  expect(performance.now() - closedAt).toBeLessThan(5_000)
  expect(errorsIn(reading.text).map(({ code }) => code)).toEqual(['engine_lost'])
  expect(reading.text).not.toContain('[DONE]')
  // It has said so itself: the server would wait for longer to have it back.
  const offering = async () =>
    (await connectedTabs(url)).filter((tab) => JSON.stringify(tab).includes('endless'))
  await expect.poll(offering, { timeout: 5_000 }).toHaveLength(1)
  const answer = await waiting
  expect(answer.status).toBe(200)
  expect(await answer.json()).toMatchObject({ usage: { completion_tokens: 5 } })
})

it('ends a stream with one error when the tab’s renderer crashes', async () => {
  const { text, after } = await crashing
  expect(after).toBeLessThan(12_000)
  expect(errorsIn(text).map(({ code }) => code)).toEqual(['engine_lost'])
  expect(text).not.toContain('[DONE]')
})

it('shares once for all tabs of a browser, goes on after a reload, and in the next tab after a close', async () => {
  const { url } = sharing
  const { page, context } = await open(browser, url)
  // As if the model had been downloaded: what is on the device needs no other.
  await page.evaluate(async () => {
    const cache = await caches.open('webllm/model')
    const manifest = 'https://models.example/stand-in/resolve/main/tensor-cache.json'
    await cache.put(manifest, new Response('{"records":[]}'))
  })
  await page.reload()
  await page.getByText('on this device,').first().waitFor(SOON)
  await page.getByRole('button', { name: 'Share this GPU' }).click()
  await page.getByText(/^Joined as/).waitFor(SOON)
  const other = await context.newPage()
  await other.goto(`${url}/#share`)
  await other.getByText(/^Joined as/).waitFor(SOON)
  // Those of other tests that were crashed are given up within seconds.
  await expect.poll(() => connectedTabs(url), { timeout: 20_000 }).toHaveLength(1)

  await page.reload()
  await page.getByText(/^Joined as/).waitFor(SOON)
  await untilOffered(url, 'stand-in')
  expect((await ask(url, 'stand-in')).status).toBe(200)
  await expect.poll(() => connectedTabs(url), SOON).toHaveLength(1)

  await page.close()
  await expect.poll(async () => (await ask(url, 'stand-in')).status, SOON).toBe(200)
  await other.getByText(/^Joined as/).waitFor(SOON)
  const [tab] = await connectedTabs(url)
  expect(tab).toMatchObject({ visible: true, paused: false, gpu: 'stand-in' })
  await other.getByRole('button', { name: 'Pause' }).click()
  await expect.poll(() => connectedTabs(url), SOON).toMatchObject([{ paused: true }])
})

describe('a server with keys', () => {
  const KEY = 'secret-of-ops'
  let keyed: SharingServer
  const settings = join(mkdtempSync(join(tmpdir(), 'sluice-share-')), 'sluice.json')

  beforeAll(async () => {
    writeFileSync(settings, JSON.stringify({ keys: [await keyEntry('ops', KEY, { admin: true })] }))
    keyed = await startSharingServer(await builtPage('stand-in'), ['--config', settings])
  })

  afterAll(async () => {
    await keyed?.[Symbol.asyncDispose]()
    rmSync(dirname(settings), { recursive: true })
  })

  it('is paired by a link that the owner’s page shows, and ends the link of a tab', async () => {
    const { url } = keyed
    const owner = await open(browser, url, '#share', KEY)
    await owner.page.getByLabel('Its name').fill('phone')
    await owner.page.getByRole('button', { name: 'Pair a device' }).click()
    await owner.page.getByRole('img', { name: /QR code/ }).waitFor(SOON)
    const link = (await owner.page.locator('.pairing .copy-line code').textContent()) ?? ''
    expect(link).toMatch(/#offer=[\w-]{43}$/)

    const phone = await open(browser, url, new URL(link).hash)
    await phone.page.getByText('This browser is paired as phone.').waitFor(SOON)
    expect(new URL(phone.page.url()).hash).toBe('#share')
    expect(await phone.page.evaluate(() => localStorage.getItem('sluice.offer'))).toMatch(/sluice_/)
    await shareModel(phone, 'stand-in')
    await owner.page.getByText('phone is connected.').waitFor(SOON)
    await untilOffered(url, 'stand-in', KEY)
    expect((await ask(url, 'stand-in', {}, KEY)).status).toBe(200)

    await owner.page.getByRole('button', { name: 'Disconnect phone' }).click()
    await phone.page.getByText(/The operator of the server has ended the link/).waitFor(SOON)
    expect([...owner.errors, ...phone.errors]).toEqual([])
  })
  it('is paired by the link that sluice pair prints, which is good once', async () => {
    const { url } = keyed
    const flags = ['pair', 'tv', '--server', url]
    const { code, stdout } = await runToEnd('bun', flags, { SLUICE_CLIENT_KEY: KEY })
    expect(code).toBe(0)
    const link = /http:\S+#offer=\S+/.exec(stdout)?.[0] ?? ''
    expect(link).toMatch(new RegExp(`^${url}/#offer=[\\w-]{43}$`))

    const { page } = await open(browser, '', link)
    await page.getByText('This browser is paired as tv.').waitFor(SOON)
    expect(page.url()).toBe(`${url}/#share`)
    const late = await open(browser, '', link)
    const problem = late.page.getByRole('alert')
    await problem.getByText(/^This code or link is not valid/).waitFor(SOON)
    await late.page.getByLabel(/^The 8 characters/).fill('AAAA-AAAA')
    await late.page.getByRole('button', { name: 'Pair', exact: true }).click()
    await problem.getByText(/^This code or link is not valid/).waitFor(SOON)
    expect(readFileSync(settings, 'utf8')).toContain('"tv"')
  })
})
