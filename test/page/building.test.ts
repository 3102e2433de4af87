// What a browser shows at `/` while `npm start` builds the page, and how it learns that a newer one is there, on
// each host. The process that lends the page is a stand-in, which does what the test says.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { hostCommand } from '../../scripts/hosts.mjs'
import { untilAddress } from '../package/address.ts'
import { launch } from './support/browser.ts'
import { builtPage } from './support/pages.ts'

let browser: Browser
let folder: string
let lender: Server
let lentAt: string
let told: { state: string; version: string; [detail: string]: unknown }
let host: ChildProcess | undefined

beforeAll(async () => {
  folder = await builtPage('stand-in')
  browser = await launch()
  lender = createServer(async ({ url = '' }, response) => {
    const name = url.slice(1)
    const [, version] = /^build-([\w-]+)\.json$/.exec(name) ?? []
    const isReady = () => told.state === 'ready'
    while (version === told.version) await new Promise((resolve) => setTimeout(resolve, 20))
    if (version !== undefined || name === 'build.json') response.end(JSON.stringify(told))
    else if (!isReady()) response.writeHead(404).end()
    else response.end(await fileOf(name))
  })
  await new Promise<void>((resolve) => lender.listen(0, '127.0.0.1', resolve))
  lentAt = `http://127.0.0.1:${(lender.address() as AddressInfo).port}`
}, 60_000)

/** The page's HTML with the name of the build, as in a checkout. */
async function fileOf(name: string): Promise<string | Buffer> {
  const bytes = await readFile(join(folder, name)).catch(() => '')
  if (name !== 'index.html') return bytes
  const meta = `<meta name="sluice-build" content="${told.version}" />`
  return bytes.toString().replace('<meta charset="utf-8" />', (charset) => charset + meta)
}

beforeEach(() => {
  told = { state: 'installing', version: 'installing', seconds: 2, packages: ['preact', 'marked'] }
})

afterEach(async () => {
  if (host === undefined || host.exitCode !== null) return
  const ended = once(host, 'exit')
  // Not SIGKILL: the process that is started for workerd ends workerd itself.
  host.kill('SIGTERM')
  await ended
})

afterAll(async () => {
  await browser?.close()
  lender?.closeAllConnections()
  lender?.close()
})

async function start(name: Parameters<typeof hostCommand>[0]): Promise<string> {
  const { file, args, env, cwd } = hostCommand(name, [
    '--port',
    '0',
    '--no-discover',
    '--grace',
    '0',
  ])
  host = spawn(file, args, { env: { ...env, SLUICE_PAGE_SERVER: lentAt }, cwd })
  return untilAddress(host)
}

it.each(['bun', 'deno', 'node', 'workerd'] as const)(
  '%s tells that the page is being built, shows it by itself, and tells of a newer one',
  async (name) => {
    const address = await start(name)
    const page = await browser.newPage()
    const errors: string[] = []
    page.on('pageerror', (error) => errors.push(error.message))
    page.on('console', (message) => message.type() === 'error' && errors.push(message.text()))
    await page.goto(address)
    await page.getByRole('heading', { name: 'The page is being built' }).waitFor()
    await page.locator('#seconds', { hasText: '3' }).waitFor()
    told = { state: 'building', version: 'building', seconds: 4 }
    await page.getByText('Bundling its scripts').waitFor()
    told = { state: 'failed', version: 'failed-1', seconds: 5, reason: 'npm: no', remedy: 'Wait.' }
    await page.getByRole('alert').getByText('npm: no').waitFor()
    told = { state: 'ready', version: 'first', seconds: 6 }
    await page.locator('#app nav').first().waitFor()
    expect(await page.locator('.rebuilt').count()).toBe(0)
    told = { state: 'ready', version: 'second', seconds: 1 }
    await page.locator('.rebuilt').getByRole('button', { name: 'Reload' }).click()
    await page.locator('meta[name="sluice-build"][content="second"]').waitFor({ state: 'attached' })
    await page.locator('#app nav').first().waitFor()
    expect(await page.locator('.rebuilt').count()).toBe(0)
    expect(errors).toEqual([])
    await page.close()
  },
)

it('shows the status where the process that lent the page is gone', async () => {
  const { file, args, env, cwd } = hostCommand('node', [
    '--port',
    '0',
    '--no-discover',
    '--grace',
    '0',
  ])
  host = spawn(file, args, { env: { ...env, SLUICE_PAGE_SERVER: 'http://127.0.0.1:9' }, cwd })
  const response = await fetch(await untilAddress(host), { headers: { accept: 'text/html' } })
  expect(response.status).toBe(200)
  expect(await response.text()).toContain('Try it')
})
