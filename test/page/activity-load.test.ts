// What the page costs while it shows fifty streams of fifty tokens a second each.

import type { Browser, CDPSession, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Server, startServer } from '../support/server.ts'
import { launch } from './support/browser.ts'
import { builtPage } from './support/pages.ts'

const STREAMS = 50
/** Milliseconds between two tokens of a stream. */
const DELAY = 20
const SECONDS = 5

/** Milliseconds of CPU time, of which a machine under load takes no more than another. */
const MOST_SCRIPTING_A_SECOND = 100
const LONGEST_TASK = 50

let server: Server
let browser: Browser
let page: Page
const clients = new AbortController()

beforeAll(async () => {
  await builtPage('released')
  const text = Array.from({ length: 4_000 }, (_, index) => `word${index}`).join(' ')
  server = await startServer('bun', ['--static-delay', String(DELAY), '--static-text', text])
  browser = await launch()
  page = await browser.newPage()
}, 120_000)

afterAll(async () => {
  clients.abort()
  await browser?.close()
  await server?.kill()
})

/** Reads a stream until all are stopped. */
async function stream(): Promise<void> {
  const response = await fetch(`${server.base}/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      model: 'static',
      stream: true,
      messages: [{ role: 'user', content: 'Hi' }],
    }),
    signal: clients.signal,
  })
  for await (const _ of response.body ?? []);
}

interface Cost {
  /** All in milliseconds of CPU time a second. */
  scripting: number
  layout: number
  style: number
  all: number
}

/** What the page does for some seconds, and the CPU time of its longest task in milliseconds. */
async function costOf(session: CDPSession): Promise<{ cost: Cost; longestTask: number }> {
  const read = async () => {
    const { metrics } = await session.send('Performance.getMetrics')
    return new Map(metrics.map(({ name, value }) => [name, value]))
  }
  const categories = ['toplevel', 'devtools.timeline', 'disabled-by-default-devtools.timeline']
  await browser.startTracing(page, { categories })
  const before = await read()
  await page.waitForTimeout(SECONDS * 1_000)
  const after = await read()
  const longestTask = longestIn((await browser.stopTracing()).toString())
  const each = (name: string) =>
    Math.round((((after.get(name) ?? 0) - (before.get(name) ?? 0)) * 1_000) / SECONDS)
  const cost = {
    scripting: each('ScriptDuration'),
    layout: each('LayoutDuration'),
    style: each('RecalcStyleDuration'),
    all: each('TaskDuration'),
  }
  return { cost, longestTask }
}

function longestIn(trace: string): number {
  const { traceEvents } = JSON.parse(trace) as { traceEvents: TraceEvent[] }
  const threads = traceEvents
    .filter(({ name, args }) => name === 'thread_name' && args.name === 'CrRendererMain')
    .map(({ pid, tid }) => `${pid} ${tid}`)
  const tasks = traceEvents.filter(
    ({ name, pid, tid }) => /RunTask$/.test(name) && threads.includes(`${pid} ${tid}`),
  )
  expect(tasks.length).toBeGreaterThan(100)
  return Math.max(...tasks.map(({ tdur = 0 }) => tdur)) / 1_000
}

interface TraceEvent {
  name: string
  pid: number
  tid: number
  /** Microseconds of CPU time. */
  tdur?: number
  args: { name?: string }
}

it('shows fifty live streams with little work, one of them open', async () => {
  await page.goto(`${server.url}/#activity`)
  for (let each = 0; each < STREAMS; each++) void stream().catch(() => {})
  const streaming = page.locator('.mark[data-state="streaming"]')
  await expect.poll(() => streaming.count(), { timeout: 20_000 }).toBe(STREAMS)
  const session = await page.context().newCDPSession(page)
  await session.send('Performance.enable', { timeDomain: 'threadTicks' })
  const list = await costOf(session)
  await page.locator('a.request').nth(3).click()
  await page.locator('.detail').waitFor()
  const open = await costOf(session)
  console.log(JSON.stringify({ list, open }))
  // They are all there, and what is shown of them changes.
  expect(await page.locator('.requests section').first().locator('li').count()).toBe(STREAMS)
  const tokens = page.locator('a.request .tokens span').nth(7)
  const before = Number(await tokens.textContent())
  await expect.poll(async () => Number(await tokens.textContent())).toBeGreaterThan(before)
  for (const { cost, longestTask } of [list, open]) {
    expect(cost.scripting).toBeGreaterThan(0)
    expect(cost.scripting).toBeLessThanOrEqual(MOST_SCRIPTING_A_SECOND)
    expect(longestTask).toBeLessThanOrEqual(LONGEST_TASK)
  }
}, 120_000)
