// The built documentation site, in a browser, below a path of a host that serves only files.

import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { groupedPages, pageFiles } from '../../docs/.vitepress/site/pages.ts'
import { sitePath } from '../../docs/.vitepress/site/paths.ts'
import { buildDocs } from '../../scripts/docs.mjs'
import { binaryOf, root } from '../../scripts/hosts.mjs'
import { launch } from '../page/support/browser.ts'
import { serveFolder } from '../page/support/static-server.ts'

const ADDRESS = 'https://docs.example.com/some/where/'

let folder: string
// A busy machine: nothing here is about time.
vi.setConfig({ testTimeout: 120_000 })

let host: Awaited<ReturnType<typeof serveFolder>>
let browser: Browser
let context: BrowserContext
let page: Page
/** What a page reported, and what it asked other hosts for. */
let errors: string[]

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-docs-'))
  // It throws for a link or an anchor that leads nowhere, and for what is fetched from elsewhere.
  await buildDocs(folder, { DOCS_URL: ADDRESS })
  host = await serveFolder(folder, '/some/where/')
  browser = await launch()
}, 240_000)

afterAll(async () => {
  await browser?.close()
  host?.close()
  await rm(folder, { recursive: true, force: true })
})

const textOf = (name: string) => readFile(join(folder, name), 'utf8')

it('is made by code whose types are right', async () => {
  const tsc = ['node_modules/typescript/bin/tsc', '-p', 'docs/.vitepress/tsconfig.json']
  await promisify(execFile)(binaryOf('node'), tsc, { cwd: root })
})

describe('for programs', () => {
  it('every page is there as Markdown, too', async () => {
    expect(pageFiles().length).toBeGreaterThan(50)
    for (const path of pageFiles().map(sitePath)) {
      const link = `<link rel="alternate" type="text/markdown" href="/some/where/${path}">`
      expect(await textOf(path.replace(/md$/, 'html')), path).toContain(link)
      expect(await textOf(path), path).toMatch(/^(?:<div.*>\n*)*# \S/)
    }
  })

  it('llms.txt has a title, a summary and a line for each page', async () => {
    const [title, summary, ...rest] = (await textOf('llms.txt')).split('\n\n')
    expect(title).toBe('# sluice')
    expect(summary).toMatch(/^> sluice puts .*\.$/)
    const links = [...rest.join('\n').matchAll(/^- \[.+\]\((\S+)\): .+$/gm)].map(([, link]) => link)
    const pages = groupedPages().flatMap(({ list }) => list.map(({ path }) => `${ADDRESS}${path}`))
    expect(links).toEqual(pages)
    expect(rest.at(-2)).toBe('## Optional')
  })

  it('llms-full.txt has the pages that are not optional', async () => {
    const text = await textOf('llms-full.txt')
    expect(text).toContain('\n# Settings\n')
    expect(text).toContain(`<!-- ${ADDRESS}clients/codex.md -->`)
    expect(text).toContain('](security.md#who-may-see-what)')
    expect(text.includes('# 0001:')).toBe(false)
  })
})

describe('in a browser', () => {
  beforeEach(async () => {
    context = await browser.newContext({ permissions: ['clipboard-read', 'clipboard-write'] })
    page = await context.newPage()
    page.setDefaultTimeout(60_000)
    errors = []
    page.on('pageerror', (error) => errors.push(error.message))
    page.on('console', (message) => message.type() === 'error' && errors.push(message.text()))
    page.on('request', (request) => {
      if (!/^(?:data|blob):/.test(request.url()) && !request.url().startsWith(host.url)) {
        errors.push(`it asked for ${request.url()}`)
      }
    })
  })

  afterEach(() => context.close())

  it.each(['', 'settings.html', 'examples/index.html'])(
    '/%s asks no other host for anything, and breaks no policy',
    async (path) => {
      await page.goto(host.url + path, { waitUntil: 'networkidle' })
      expect(await page.locator('h1').count()).toBe(1)
      expect(await page.locator('meta[http-equiv="Content-Security-Policy"]').count()).toBe(1)
      expect(errors).toEqual([])
    },
  )

  it('a link leads on without loading a document, and to the right part', async () => {
    await page.goto(`${host.url}keys.html`, { waitUntil: 'networkidle' })
    await page.locator('.vp-doc a[href$="/security.html#tokens"]').first().click()
    await page.waitForURL(`${host.url}security.html#tokens`)
    await page.locator('h1', { hasText: 'Security' }).waitFor()
    expect(errors).toEqual([])
  })

  it('search finds a setting, and shows nothing of another host', async () => {
    await page.goto(host.url, { waitUntil: 'networkidle' })
    await page.locator('#local-search button').click()
    await page.locator('#localsearch-input').fill('header-wait')
    const results = page.locator('.VPLocalSearchBox .result')
    await results.first().waitFor()
    expect(await results.allInnerTexts()).toContainEqual(expect.stringContaining('Settings'))
    expect(errors).toEqual([])
  })

  it('a file in a fence has its name above it, and its language', async () => {
    await page.goto(`${host.url}clients/opencode.html`, { waitUntil: 'networkidle' })
    const named = page.locator('.named-code').first()
    expect(await named.locator('.file-name').textContent()).toBe('~/.config/opencode/opencode.json')
    expect(await named.locator('.language-json').count()).toBe(1)
    expect(errors).toEqual([])
  })

  it('copies a page as Markdown', async () => {
    await page.goto(`${host.url}keys.html`, { waitUntil: 'networkidle' })
    await page.getByRole('button', { name: 'Copy as Markdown' }).click()
    await page.getByRole('button', { name: 'Copied' }).waitFor()
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(await textOf('keys.md'))
  })

  it.each(['', 'settings.html', 'clients.html', 'bench.html'])(
    '/%s is not wider than a screen of 390, 768 or 1280 pixels',
    async (path) => {
      await page.goto(host.url + path)
      for (const width of [390, 768, 1280]) {
        await page.setViewportSize({ width, height: 800 })
        expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width)
      }
    },
  )

  it('an address that is wrong says so', async () => {
    await page.goto(`${host.url}clients/gone.html`)
    await page.locator('h1', { hasText: 'There is no such page' }).waitFor()
    const link = page.getByRole('link', { name: 'To the first page' })
    expect(await link.getAttribute('href')).toBe('/some/where/')
  })

  it('its demo streams an answer from the service worker, below the site’s own path', async () => {
    await page.goto(host.url, { waitUntil: 'networkidle' })
    await page.locator('.VPNav').getByRole('link', { name: 'Demo' }).first().click()
    await page.waitForURL(`${host.url}demo/`)
    await page.waitForFunction(() => navigator.serviceWorker.controller !== null)
    const { status, events } = await page.evaluate(async () => {
      const response = await fetch('v1/chat/completions', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{"model":"static","stream":true,"messages":[{"role":"user","content":"Hello"}]}',
      })
      let reads = 0
      const reader = response.body?.getReader()
      while (reader && !(await reader.read()).done) reads++
      return { status: response.status, events: reads }
    })
    expect(status).toBe(200)
    // A word every 100 ms: it came bit by bit.
    expect(events).toBeGreaterThan(5)
    // The page looks for a server behind it, and there is none.
    expect(errors.filter((error) => !error.includes('status of 404'))).toEqual([])
  })
})
