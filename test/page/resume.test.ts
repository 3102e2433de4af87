// An answer outlives its connection, and the page that asked for it.

import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { type CuttingProxy, startCuttingProxy } from '../support/cutting-proxy.ts'
import { type Server, startServer } from '../support/server.ts'
import { startUpstream, type Upstream } from '../support/upstream.ts'
import { launch } from './support/browser.ts'
import { keyEntry, openView } from './support/open-view.ts'
import { builtPage } from './support/pages.ts'

const words = Array.from({ length: 60 }, (_, at) => `word-${at}`)
let upstream: Upstream
let server: Server
/** Another instance, which has none of the first one's streams, and no keys. */
let other: Server
let proxy: CuttingProxy
let browser: Browser
let page: Page

beforeAll(async () => {
  await builtPage('released')
  upstream = await startUpstream({ persona: 'vllm', script: { persona: 'vllm', words, delay: 30 } })
  const flags = ['--upstream', `gpu=${upstream.url}`]
  const keys = JSON.stringify([await keyEntry('ann', 'secret-of-ann')])
  server = await startServer('bun', flags, { SLUICE_KEYS: keys })
  other = await startServer('bun', ['--static-delay', '150'])
  proxy = await startCuttingProxy(server.port)
  browser = await launch()
  page = (await openView(browser, proxy.url, 'chat', { key: 'secret-of-ann' })).page
}, 120_000)

afterAll(async () => {
  await browser?.close()
  await proxy?.[Symbol.asyncDispose]()
  await Promise.all([server?.kill(), other?.kill()])
  await upstream?.close()
})

beforeEach(() => {
  proxy.isDown = false
  proxy.target = server.port
})

const answer = () => page.locator('.message.assistant').last()

/** Asks in a new conversation, and waits until some of the answer is shown. */
async function ask(): Promise<void> {
  await page.getByRole('button', { name: 'New', exact: true }).click()
  await page.locator('.name', { hasText: 'Qwen/Qwen3-8B' }).click()
  await page.getByLabel('Message', { exact: true }).fill('Go.')
  await page.keyboard.press('Enter')
  await answer().getByText('word-5').waitFor()
}

async function expectWhole(): Promise<void> {
  await answer().getByText('finished').waitFor()
  expect((await answer().locator('.words').textContent())?.trim()).toBe(words.join(' '))
  await page.getByText('This stream breaks no rule.').waitFor()
  expect(await page.evaluate(() => sessionStorage.length)).toBe(0)
}

const lost = () => page.getByText('connection lost, resuming…')

it('goes on by itself when the connection is lost, and says so meanwhile', async () => {
  await ask()
  const resumed = page.waitForRequest(/starting_after=[1-9]/)
  proxy.isDown = true
  proxy.cut()
  await lost().waitFor()
  proxy.isDown = false
  await lost().waitFor({ state: 'detached' })
  await resumed
  await expectWhole()
})

it('goes on when the page is loaded again, and shows no less meanwhile', async () => {
  await ask()
  const stored = await page.evaluate(() => JSON.stringify(sessionStorage))
  expect(stored).toContain('/v1/streams/strm_')
  expect(stored).not.toContain('secret')
  const before = await answer().locator('.words').textContent()
  await page.reload({ waitUntil: 'commit' })
  await answer().getByText('word-5').waitFor()
  expect(await answer().locator('.words').textContent()).toContain(before?.trim())
  await expectWhole()
  expect(upstream.requests.filter(({ method }) => method === 'POST')).toHaveLength(2)
})

it('stops the model although the connection is not the one that asked', async () => {
  await ask()
  proxy.cut()
  await answer().getByText('word-9').waitFor()
  await page.getByRole('button', { name: 'Stop' }).click()
  await answer().getByText('cancelled').waitFor()
  const request = upstream.requests.findLast(({ method }) => method === 'POST')
  expect(await request?.closedWithin(2_000)).toBeGreaterThan(0)
})

it('says that an answer is gone, and keeps what had come', async () => {
  await ask()
  proxy.target = other.port
  proxy.cut()
  await answer().getByText('The rest of this answer is gone').waitFor()
  expect(await answer().locator('.words').textContent()).toContain('word-5')
  expect(await page.evaluate(() => sessionStorage.length)).toBe(0)
})

it('is resumed by a plain EventSource, which sends the last number by itself', async () => {
  const plain = await browser.newPage()
  const own = await startCuttingProxy(other.port)
  await plain.goto(`${own.url}/health`)
  const reading = plain.evaluate(readEvents)
  await expect
    .poll(() => plain.evaluate(() => (globalThis as { got?: number }).got))
    .toBeGreaterThan(2)
  own.cut()
  const { numbers, said } = await reading
  expect(numbers).toEqual(numbers.map((_, at) => at))
  expect(said).toMatch(/^Water finds .*\.$/)
  await own[Symbol.asyncDispose]()
})

/** Runs in the page. */
async function readEvents(): Promise<{ numbers: number[]; said: string }> {
  const response = await fetch('/v1/chat/completions', {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-sluice-resume': '1' },
    body: JSON.stringify({
      model: 'static',
      stream: true,
      messages: [{ role: 'user', content: 'Go.' }],
    }),
  })
  void response.body?.cancel()
  const numbers: number[] = []
  let said = ''
  const events = new EventSource(response.headers.get('x-sluice-resume') ?? 'none')
  return new Promise((resolve) => {
    events.onmessage = ({ data, lastEventId }) => {
      numbers.push(Number(lastEventId))
      ;(globalThis as { got?: number }).got = numbers.length
      if (data === '[DONE]') {
        events.close()
        resolve({ numbers, said })
      } else said += JSON.parse(data).choices[0]?.delta.content ?? ''
    }
  })
}
