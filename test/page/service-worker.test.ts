// The handler in a service worker, in a real browser, over an engine that needs no weights, on a
// host that serves only files.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { contentOf, isInView } from './in-page.ts'
import { launch } from './support/browser.ts'
import { bundledSdk } from './support/bundled-sdk.ts'
import { builtPage } from './support/pages.ts'
import { serveFolder } from './support/static-server.ts'

let browser: Browser

let context: BrowserContext

let page: Page

let folder: string

let host: Awaited<ReturnType<typeof serveFolder>>

let sdk: string

let errors: string[]

beforeAll(async () => {
  folder = await builtPage('stand-in')
  host = await serveFolder(folder)
  browser = await launch()
  sdk = await bundledSdk()
}, 120_000)

afterAll(async () => {
  await browser?.close()
  host?.close()
})

async function begin(): Promise<void> {
  context = await browser.newContext()
  page = await openPage()
}

const end = () => context.close()

/** For a test that leaves the page or its service worker otherwise than it found them. */
function useFreshPage(): void {
  beforeEach(begin)
  afterEach(end)
}

async function openPage(): Promise<Page> {
  const opened = await context.newPage()
  errors = []
  opened.on('pageerror', (error) => errors.push(error.message))
  opened.on('console', (message) => message.type() === 'error' && errors.push(message.text()))
  await opened.goto(`${host.url}#chat`)
  await opened.waitForFunction(() => navigator.serviceWorker.controller !== null)
  await opened.waitForFunction(async () => {
    const response = await fetch('v1/models')
    return (await response.text()).includes('stand-in')
  })
  return opened
}

interface Asked {
  model?: string
  stopAfter?: number
  stream?: boolean
}

/** Asks as a script of the page does; runs in the page. */
async function ask({ model = 'stand-in', stopAfter, stream = true }: Asked) {
  const control = new AbortController()
  const response = await fetch('v1/chat/completions', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model, stream, messages: [{ role: 'user', content: 'Hello' }] }),
    signal: control.signal,
  })
  let text = ''
  if (response.body === null) return { status: response.status, text }
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
  try {
    for (let reads = 0; ; reads++) {
      const { done, value } = await reader.read()
      if (done) break
      text += value
      if (stopAfter !== undefined && reads >= stopAfter) control.abort()
    }
  } catch (error) {
    return { status: response.status, text, error: (error as Error).name }
  }
  return { status: response.status, text }
}

describe('the API inside the page', () => {
  // These only ask it.
  beforeAll(begin)
  afterAll(end)

  it('lists the models of the GPU, and answers what is wrong with its status', async () => {
    const { data } = await page.evaluate(async () => (await fetch('v1/models')).json())
    expect(data.map(({ id }: { id: string }) => id)).toEqual(
      expect.arrayContaining(['stand-in', 'endless']),
    )
    expect(await page.evaluate(ask, { model: 'stand-im' })).toMatchObject({ status: 404 })
    expect(errors.filter((error) => !error.includes('404'))).toEqual([])
  })

  it('streams from the GPU, loading told until the first token', async () => {
    const { status, text } = await page.evaluate(ask, {})
    expect(status).toBe(200)
    expect(text.startsWith(': ')).toBe(true)
    expect(contentOf(text)).toBe('Water finds its way.')
    expect(text.endsWith('data: [DONE]\n\n')).toBe(true)
  })

  it('answers whole where no stream is asked for', async () => {
    const { text } = await page.evaluate(ask, { stream: false })
    expect(JSON.parse(text)).toMatchObject({
      object: 'chat.completion',
      choices: [{ message: { content: 'Water finds its way.' }, finish_reason: 'stop' }],
      usage: { completion_tokens: 5 },
    })
  })

  it('tells what a model thinks apart from what it answers', async () => {
    const { text } = await page.evaluate(ask, { model: 'thinker', stream: false })
    expect(JSON.parse(text)).toMatchObject({
      choices: [{ message: { content: 'Yes.', reasoning_content: 'Hm.' } }],
    })
  })

  it('serves the unmodified openai SDK', async () => {
    await page.evaluate(`${sdk};globalThis.OpenAISdk = OpenAISdk`)
    const said = await page.evaluate(async () => {
      const { default: OpenAI } = (globalThis as unknown as { OpenAISdk: { default: never } })
        .OpenAISdk as never as {
        default: typeof import('openai').default
      }
      const baseURL = new URL('v1', document.baseURI).href
      const client = new OpenAI({ baseURL, apiKey: 'none', dangerouslyAllowBrowser: true })
      const stream = await client.chat.completions.create({
        model: 'stand-in',
        stream: true,
        messages: [{ role: 'user', content: 'Hello' }],
      })
      let text = ''
      for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? ''
      return text
    })
    expect(said).toBe('Water finds its way.')
  })

  it('stops the engine when a client leaves, so that the next is answered', async () => {
    const left = await page.evaluate(ask, { model: 'endless', stopAfter: 5 })
    expect(left).toMatchObject({ status: 200, error: 'AbortError' })
    const { text } = await page.evaluate(ask, {})
    expect(contentOf(text)).toBe('Water finds its way.')
  })
})

describe('a service worker that is stopped', () => {
  useFreshPage()

  async function stopWorkers(): Promise<void> {
    const session = await context.newCDPSession(page)
    await session.send('ServiceWorker.enable')
    await session.send('ServiceWorker.stopAllWorkers')
    await session.detach()
  }

  it('while idle serves the next request as before', async () => {
    await page.evaluate(ask, {})
    await stopWorkers()
    const { text } = await page.evaluate(ask, {})
    expect(contentOf(text)).toBe('Water finds its way.')
  })

  it('in the middle of a stream breaks it off, and the next request works', async () => {
    const asking = page.evaluate(ask, { model: 'endless' })
    await new Promise((resolve) => setTimeout(resolve, 1_000))
    await stopWorkers()
    const { text, error } = await asking
    // Broken off, and never a [DONE] that would say otherwise.
    expect(error).toBe('TypeError')
    expect(text).not.toContain('[DONE]')
    const next = await page.evaluate(ask, {})
    expect(contentOf(next.text)).toBe('Water finds its way.')
  }, 40_000)
})

describe('several tabs', () => {
  useFreshPage()

  it('are served by one that was itself loaded past the service worker', async () => {
    // What Shift-reload does.
    const session = await context.newCDPSession(page)
    await session.send('Page.reload', { ignoreCache: true })
    await page.waitForFunction(() => document.querySelector('.status.ready') !== null)
    expect(await page.evaluate(() => navigator.serviceWorker.controller)).toBe(null)
    const second = await openPage()
    expect(contentOf((await second.evaluate(ask, {})).text)).toBe('Water finds its way.')
  }, 90_000)

  it('share one engine, and another takes over when its tab is closed', async () => {
    const second = await openPage()
    expect(contentOf((await second.evaluate(ask, {})).text)).toBe('Water finds its way.')
    expect(contentOf((await page.evaluate(ask, {})).text)).toBe('Water finds its way.')
    await page.close({ runBeforeUnload: true })
    await second.waitForTimeout(500)
    const { text } = await second.evaluate(ask, {})
    expect(contentOf(text)).toBe('Water finds its way.')
    page = second
  }, 90_000)
})

describe('the page', () => {
  useFreshPage()

  it('chats: streams an answer, counts it, and shows the stream', async () => {
    await page.getByText('stand-in', { exact: true }).click()
    await page.getByLabel('Message', { exact: true }).fill('Hello')
    // A key waits for nothing, as a click does.
    await page.getByRole('button', { name: 'Send', disabled: false }).waitFor()
    await page.getByLabel('Message', { exact: true }).press('Enter')
    await page.locator('.assistant', { hasText: 'Water finds its way.' }).waitFor()
    await page.getByText(/5 tokens · .*finished/).waitFor()
    const frames = await page.locator('.frames li code').allTextContents()
    expect(frames.at(-1)).toBe('data: [DONE]')
    await page.getByText('This stream breaks no rule.').waitFor()
    expect(errors).toEqual([])
  })

  it('stops when it is told to', async () => {
    await page.getByText('endless', { exact: true }).click()
    await page.getByLabel('Message', { exact: true }).fill('Hello')
    await page.getByRole('button', { name: 'Send' }).click()
    await page.locator('.assistant', { hasText: /Water finds its way\.Water/ }).waitFor()
    await page.getByRole('button', { name: 'Stop' }).click()
    await page.getByText(/cancelled/).waitFor()
    expect(errors).toEqual([])
  })

  it('shows why a stream failed in its middle, and keeps what had come', async () => {
    await page.locator('.name', { hasText: 'breaks' }).click()
    await page.getByLabel('Message', { exact: true }).fill('Hello')
    await page.getByRole('button', { name: 'Send' }).click()
    await page
      .locator('.message .error', { hasText: 'The GPU failed while breaks was answering' })
      .waitFor()
    await page.getByText(/tokens · .*failed/).waitFor()
    expect(await page.locator('.assistant .words').textContent()).toContain('Water finds')
    await page.locator('.rules li', { hasText: 'error-in-stream' }).waitFor()
    expect(errors).toEqual([])
  })

  it('shows why an answer is refused, in view', async () => {
    await page.getByText('Settings', { exact: true }).click()
    await page.getByLabel('Temperature').fill('9')
    await page.getByText('stand-in', { exact: true }).click()
    for (let asked = 0; asked < 12; asked++) {
      await page.getByLabel('Message', { exact: true }).fill('Hello')
      await page.getByRole('button', { name: 'Send' }).click()
      await page
        .getByText('temperature: expected a number from 0 to 2, got 9.')
        .nth(asked)
        .waitFor()
    }
    const last = page.locator('.message .error').last()
    await expect.poll(() => last.evaluate(isInView)).toBe(true)
  })

  it('renders what a model writes without running it', async () => {
    await page.evaluate(() => {
      const messages = [
        { role: 'user', content: '<img src=x onerror="window.hit = 1">' },
        {
          role: 'assistant',
          content:
            '**bold** <img src=x onerror="window.hit = 1"> <script>window.hit = 1</script> [x](javascript:window.hit=1)',
        },
      ]
      localStorage.setItem('sluice.conversations', JSON.stringify([{ id: 'a', messages }]))
    })
    await page.reload()
    await page.locator('.assistant strong', { hasText: 'bold' }).waitFor()
    expect(await page.evaluate(() => 'hit' in window)).toBe(false)
    expect(await page.locator('.assistant a[href^="javascript"]').count()).toBe(0)
  })
})

it('names no other site in its HTML', () => {
  const html = readFileSync(join(folder, 'index.html'), 'utf8')
  expect(html).not.toContain('https://')
})
