// What a link of a browser's tab survives, and what it does not: frozen pages, networks that break, tabs that
// nobody sees. By hand: npx vitest run --project long test/page/share.long.test.ts

import { setTimeout as sleep } from 'node:timers/promises'
import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts'
import { launch } from './support/browser.ts'
import { builtPage } from './support/pages.ts'
import { type PlainBrowser, startPlainBrowser } from './support/plain-browser.ts'
import {
  ask,
  openSharing,
  openSharingIn,
  type SharingTab,
  SOON,
  shareModel,
} from './support/share-steps.ts'
import {
  errorsIn,
  type Reading,
  read,
  type SharingServer,
  saidIn,
  startSharingServer,
  untilOffered,
} from './support/sharing.ts'

/** What the server promises of a tab that is asked something, and the time of its clock. */
const LOST_WITHIN = 11_000

let sharing: SharingServer

beforeAll(async () => {
  sharing = await startSharingServer(await builtPage('stand-in'))
}, 120_000)

afterAll(() => sharing?.[Symbol.asyncDispose]())

describe('a tab that is asked something', () => {
  let browser: Browser
  let proxy: TcpProxy

  beforeAll(async () => {
    browser = await launch()
    proxy = await startTcpProxy(sharing.server.port)
  })

  afterAll(async () => {
    await browser?.close()
    await proxy?.[Symbol.asyncDispose]()
  })

  afterEach(async () => {
    proxy.heal()
    for (const context of browser.contexts()) await context.close()
  })

  /** The tab reaches the server through the proxy, and the program that asks does not. */
  async function begin() {
    const tab = await openSharing(browser, `http://127.0.0.1:${proxy.port}`)
    await shareModel(tab, 'endless')
    await untilOffered(sharing.url, 'endless')
    const reading = read(await ask(sharing.url, 'endless', { stream: true }))
    await expect.poll(() => reading.text, SOON).toContain('"content"')
    return { ...tab, reading }
  }

  it.each(['cut', 'hold'] as const)('is lost when its network is gone: %s', async (how) => {
    const { reading, page } = await begin()
    const since = performance.now()
    proxy[how]()
    const after = await lostAfter(reading, since)
    process.stdout.write(`network gone (${how}): lost after ${Math.round(after)} ms\n`)
    expect(after).toBeLessThan(LOST_WITHIN + 1_500)
    proxy.heal()
    await page.getByText(/^Joined as/).waitFor({ timeout: 60_000 })
    await untilOffered(sharing.url, 'endless')
    expect((await ask(sharing.url, 'endless', { max_tokens: 3 })).status).toBe(200)
  })

  it('gives the same text when every connection is dropped for three seconds', async () => {
    const tab = await openSharing(browser, `http://127.0.0.1:${proxy.port}`)
    await shareModel(tab, 'endless')
    await untilOffered(sharing.url, 'endless')
    const body = { stream: true, max_tokens: 1_500 }
    const undisturbed = await (await ask(sharing.url, 'endless', body)).text()
    const reading = read(await ask(sharing.url, 'endless', body))
    await expect.poll(() => saidIn(reading.text).length, SOON).toBeGreaterThan(500)
    proxy.cut()
    await sleep(3_000)
    expect(reading.text).not.toContain('[DONE]')
    proxy.heal()
    await reading.ended
    expect(errorsIn(reading.text)).toEqual([])
    expect(saidIn(reading.text)).toBe(saidIn(undisturbed))
    expect(reading.text.endsWith('data: [DONE]\n\n')).toBe(true)
    expect(await tab.page.getByText(/^Joined as/).count()).toBe(1)
  })
})

async function lostAfter(reading: Reading, since: number): Promise<number> {
  await reading.ended
  expect(errorsIn(reading.text).map(({ code }) => code)).toEqual(['engine_lost'])
  expect(reading.text).not.toContain('[DONE]')
  return performance.now() - since
}

/** Milliseconds for which the tab is hidden. */
const HIDDEN_FOR = 180_000

/** What a program measures: tokens per second, and the milliseconds to the first one. */
interface Speed {
  rate: number
  first: number
}

describe('a tab that is hidden', () => {
  let plain: PlainBrowser
  let tab: SharingTab

  beforeAll(async () => {
    plain = await startPlainBrowser()
  }, 60_000)

  afterAll(() => plain?.[Symbol.asyncDispose]())

  afterEach(() => tab?.page.close())

  /** Opens another tab before this one. */
  async function hide(): Promise<void> {
    const other = await plain.context.newPage()
    await other.goto('about:blank')
    await other.bringToFront()
    await expect.poll(() => tab.page.evaluate(() => document.hidden), SOON).toBe(true)
  }

  it('is lost when it is frozen while it answers, and comes back by itself', async () => {
    tab = await openSharingIn(plain.context, sharing.url)
    const { page, context } = tab
    await page.getByLabel('The most tokens of an answer').selectOption('0')
    await shareModel(tab, 'endless')
    await untilOffered(sharing.url, 'endless')
    const reading = read(await ask(sharing.url, 'endless', { stream: true }))
    await expect.poll(() => reading.text, SOON).toContain('"content"')
    await hide()
    const session = await context.newCDPSession(page)
    const since = performance.now()
    await session.send('Page.setWebLifecycleState', { state: 'frozen' })
    const after = await lostAfter(reading, since)
    process.stdout.write(`frozen: lost after ${Math.round(after)} ms\n`)
    expect(after).toBeLessThan(LOST_WITHIN + 1_500)
    await session.send('Page.setWebLifecycleState', { state: 'active' })
    const thawedAt = performance.now()
    await untilOffered(sharing.url, 'endless')
    process.stdout.write(`thawed: back after ${Math.round(performance.now() - thawedAt)} ms\n`)
    expect((await ask(sharing.url, 'endless', { max_tokens: 3 })).status).toBe(200)
  })

  it('answers as fast as before, and is never lost', async () => {
    tab = await openSharingIn(plain.context, sharing.url)
    await shareModel(tab, 'paced')
    await untilOffered(sharing.url, 'paced')
    const before: Speed[] = []
    for (let count = 0; count < 5; count++) before.push(await speedOf(sharing.url))

    await hide()
    const hidden: Speed[] = []
    const until = performance.now() + HIDDEN_FOR
    while (performance.now() < until) {
      hidden.push(await speedOf(sharing.url))
      await sleep(3_000)
    }
    expect(await tab.page.evaluate(() => document.hidden)).toBe(true)
    const [seen, unseen] = [medianOf(before), medianOf(hidden)]
    process.stdout.write(
      `in front: ${textOf(seen)}; hidden, ${hidden.length} answers: ${textOf(unseen)}; the slowest ${textOf(worstOf(hidden))}\n`,
    )
    expect(unseen.rate).toBeGreaterThan(seen.rate * 0.8)
    // Each of its answers came whole, from the same tab.
    expect(await tab.page.getByText(/^Joined as/).textContent()).toBe('Joined as browser')
  }, 400_000)
})

async function speedOf(url: string): Promise<Speed> {
  const asked = performance.now()
  const response = await ask(url, 'paced', { stream: true, max_tokens: 400 })
  expect(response.status).toBe(200)
  const reading = read(response)
  let first = 0
  while (first === 0) {
    if (reading.text.includes('"content":"1')) first = performance.now()
    else await sleep(1)
  }
  await reading.ended
  expect(errorsIn(reading.text)).toEqual([])
  expect(reading.text.endsWith('data: [DONE]\n\n')).toBe(true)
  return { first: first - asked, rate: 400 / ((reading.lastAt - first) / 1_000) }
}

function medianOf(all: readonly Speed[]): Speed {
  return { first: median(all.map(({ first }) => first)), rate: median(all.map(({ rate }) => rate)) }
}

function worstOf(all: readonly Speed[]): Speed {
  const first = Math.max(...all.map((each) => each.first))
  return { first, rate: Math.min(...all.map(({ rate }) => rate)) }
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0
}

function textOf({ rate, first }: Speed): string {
  return `${rate.toFixed(1)} tokens/s, first token after ${first.toFixed(0)} ms`
}
