/**
 * Measures how fast tokens of an engine in a worker reach a page's own `fetch` through the service
 * worker: `node bench/page.ts`. A stand-in replaces web-llm's pipeline, so that only sluice's part is
 * measured.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { Page } from 'playwright-core'
import { root } from '../scripts/hosts.mjs'
import { buildPage } from '../scripts/page.mjs'
import { launch } from '../test/page/support/browser.ts'
import { serveFolder } from '../test/page/support/static-server.ts'

const ROUNDS = 5

interface Run {
  model: string
  tokens: number
}

/** The measurements of one answer. */
interface Read {
  /** Tokens a second. */
  rate: number
  /** Milliseconds from producing a token to reading it, as the median. */
  delay: number
}

/** Reads one answer to its end. This function runs in the page. */
async function read({ model, tokens }: Run): Promise<Read> {
  const response = await fetch('v1/chat/completions', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      model,
      max_tokens: tokens,
      stream: true,
      messages: [{ role: 'user', content: 'Hello' }],
    }),
  })
  const reader = (response.body as ReadableStream<BufferSource>)
    .pipeThrough(new TextDecoderStream())
    .getReader()
  const times: number[] = []
  const delays: number[] = []
  let rest = ''
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    const now = performance.now()
    const lines = (rest + value).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      const madeAt = /"content":"([\d.]+) "/.exec(line)?.[1]
      if (madeAt === undefined) continue
      times.push(now)
      delays.push(performance.timeOrigin + now - Number(madeAt))
    }
  }
  delays.sort((a, b) => a - b)
  const seconds = ((times.at(-1) ?? 0) - (times[0] ?? 0)) / 1000
  return { rate: (times.length - 1) / seconds, delay: delays[Math.floor(delays.length / 2)] ?? 0 }
}

/** The tokens a second of the engine's worker alone. */
function bareRate(page: Page, run: Run): Promise<number> {
  return page.evaluate(
    ({ model, tokens }) =>
      new Promise<number>((resolve) => {
        const channel = new BroadcastChannel('stand-in')
        channel.addEventListener('message', ({ data }) => {
          channel.close()
          resolve(data.bare)
        })
        channel.postMessage({ bare: model, tokens })
      }),
    run,
  )
}

/** Milliseconds from a client's abort to the engine's last token. */
async function stopTime(page: Page): Promise<number> {
  return page.evaluate(async () => {
    const control = new AbortController()
    const response = await fetch('v1/chat/completions', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        model: 'paced',
        stream: true,
        messages: [{ role: 'user', content: 'Hello' }],
      }),
      signal: control.signal,
    })
    const reader = (response.body as ReadableStream).getReader()
    for (let reads = 0; reads < 20; reads++) await reader.read()
    const stoppedAt = performance.timeOrigin + performance.now()
    control.abort()
    await new Promise((resolve) => setTimeout(resolve, 500))
    const last = await new Promise<number>((resolve) => {
      const channel = new BroadcastChannel('stand-in')
      channel.addEventListener('message', ({ data }) => {
        channel.close()
        resolve(data.last)
      })
      channel.postMessage('last')
    })
    return Math.max(0, last - stoppedAt)
  })
}

/** KiB of the page's first load, gzipped, without web-llm. */
function pageSize(folder: string): number {
  const assets = readdirSync(join(folder, 'assets')).map((name) => join('assets', name))
  const first = ['index.html', 'service-worker.js', ...assets].filter(
    (name) => readFileSync(join(folder, name)).length < 1e6,
  )
  const bytes = first.map((name) => gzipSync(readFileSync(join(folder, name))).length)
  return bytes.reduce((sum, each) => sum + each, 0) / 1024
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
}

function line(name: string, values: number[], unit: string): string {
  const text = (value: number) => (value < 100 ? value.toFixed(2) : Math.round(value).toString())
  const [low, high] = [Math.min(...values), Math.max(...values)]
  return `${name}: ${text(median(values))} ${unit} (${text(low)}\u2013${text(high)})`
}

const folder = mkdtempSync(join(tmpdir(), 'sluice-page-'))
await buildPage(folder, join(root, 'test/workers/stand-in.ts'))
const host = await serveFolder(folder)
const browser = await launch()
try {
  const page = await browser.newPage()
  await page.goto(`${host.url}#chat`)
  await page.waitForFunction(() => navigator.serviceWorker.controller !== null)
  const runs: Run[] = [
    { model: 'paced', tokens: 600 },
    { model: 'stamps', tokens: 5_000 },
  ]
  for (const run of runs) {
    // Loads the model.
    await page.evaluate(read, { ...run, tokens: 50 })
    const bare: number[] = []
    const through: Read[] = []
    for (let round = 0; round < ROUNDS; round++) {
      bare.push(await bareRate(page, run))
      through.push(await page.evaluate(read, run))
    }
    const rates = through.map(({ rate }) => rate)
    console.log(`${run.model}, ${run.tokens} tokens`)
    console.log(`  ${line('bare engine', bare, 'tokens/s')}`)
    console.log(`  ${line('page', rates, 'tokens/s')}`)
    console.log(`  ratio: ${(median(rates) / median(bare)).toFixed(3)}`)
    const delays = through.map(({ delay }) => delay)
    console.log(`  ${line('added, median token', delays, 'ms')}`)
  }
  const stops: number[] = []
  for (let round = 0; round < 10; round++) stops.push(await stopTime(page))
  console.log(line("stop to the engine's last token", stops, 'ms'))
  console.log(`page without web-llm: ${pageSize(folder).toFixed(1)} KiB gzip`)
} finally {
  await browser.close()
  host.close()
  rmSync(folder, { recursive: true, force: true })
}
