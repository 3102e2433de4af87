// The page at `/` and the API from inside it, in a real browser.

import { type ChildProcess, spawn } from 'node:child_process'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { hostCommand } from '../../scripts/hosts.mjs'
import { chromiumPath } from '../../scripts/system.mjs'
import { untilAddress } from '../package/address.ts'

let server: ChildProcess
let browser: Browser
let page: Page
let address: string

beforeAll(async () => {
  const { file, args, env, cwd } = hostCommand('bun', ['--port', '0', '--no-discover'])
  server = spawn(file, args, { env, cwd })
  address = await untilAddress(server)
  // As root Chromium refuses to run in its sandbox.
  const flags = process.getuid?.() === 0 ? ['--no-sandbox'] : []
  browser = await chromium.launch({ executablePath: chromiumPath(), args: flags })
  page = await browser.newPage()
})

afterAll(async () => {
  await browser?.close()
  server?.kill('SIGKILL')
})

it('says what runs here and how to try it', async () => {
  const errors: string[] = []
  page.on('pageerror', (error) => errors.push(error.message))
  page.on('console', (message) => message.type() === 'error' && errors.push(message.text()))
  await page.goto(`${address}/status`)
  const text = await page.textContent('body')
  expect(text).toContain('static')
  expect(text).toContain(`curl -N ${address}/v1/chat/completions`)
  expect(errors).toEqual([])
})

it('streams to a script of the page, word by word', async () => {
  // Not from the page at `/`, which forbids itself all connections.
  await page.goto(`${address}/health`)
  const reads = await page.evaluate(readStream)
  expect(reads.at(-1)?.text).toContain('data: [DONE]')
  const times = reads.map((read) => read.at)
  // The static engine says a word every 100 ms.
  expect((times.at(-1) ?? 0) - (times[0] ?? 0)).toBeGreaterThan(500)
  expect(reads.length).toBeGreaterThan(5)
})

/** Runs in the page: what arrived, and when. */
async function readStream(): Promise<{ at: number; text: string }[]> {
  const response = await fetch('/v1/chat/completions', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      model: 'static',
      stream: true,
      messages: [{ role: 'user', content: 'Hello' }],
    }),
  })
  const reads = []
  const decoder = new TextDecoder()
  for await (const bytes of response.body ?? []) {
    reads.push({ at: performance.now(), text: decoder.decode(bytes, { stream: true }) })
  }
  return reads
}
