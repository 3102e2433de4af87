// What a model says cannot make the page send a request, run a script or cover its controls: tried with
// hostile answers, streamed in pieces through the real page in a real browser. The sanitizer holds without the
// Content-Security-Policy; answers.long.test.ts shows that the policy holds without the sanitizer.

import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Server, startServer } from '../support/server.ts'
import { launch } from './support/browser.ts'
import { hostileAnswers } from './support/hostile-answers.ts'
import {
  ask,
  askAll,
  expectHarmless,
  openHostileChat,
  readGlobal,
  whoReached,
} from './support/hostile-chat.ts'
import { EVIL, type HostileServer, startHostileServer } from './support/hostile-server.ts'
import { builtPage } from './support/pages.ts'

/** Others are rendered beside it. */
const SOON = { timeout: 15_000 }

let browser: Browser
let model: HostileServer
let server: Server

beforeAll(async () => {
  await builtPage('released')
  browser = await launch(`--host-resolver-rules=MAP ${EVIL} 127.0.0.1`)
  model = await startHostileServer()
  server = await startServer('bun', ['--upstream', `hostile=${model.url}/v1`])
}, 120_000)

afterAll(async () => {
  await browser?.close()
  await server?.kill()
  await model?.[Symbol.asyncDispose]()
})

const all = hostileAnswers.map((_, number) => number)

it('has many of them', () => {
  expect(hostileAnswers.length).toBeGreaterThan(75)
})

// They take most of a minute, and wait for half of it.
describe.concurrent('all of them', () => {
  it('the page sends nothing, and needs no policy for that', async () => {
    const opened = await openHostileChat(browser, `${server.url}/`)
    await askAll(opened.page, all, () => expectHarmless(opened, `${server.url}/#chat`))
    expect(whoReached(model)).toEqual([])
    expect(model.reached.connections).toBe(0)
    // Violations are no sign here: Chromium reports what is in the document that the sanitizer parses.
    await opened.context.close()
  }, 240_000)

  it('the sanitizer holds without the policy', async () => {
    const opened = await openHostileChat(browser, `${server.url}/`, { bypassCSP: true })
    await askAll(opened.page, all, () => expectHarmless(opened, `${server.url}/#chat`))
    expect(whoReached(model)).toEqual([])
    expect(model.reached.connections).toBe(0)
    await opened.context.close()
  }, 240_000)
})

describe.concurrent('an answer', () => {
  const text = (value: string) => value.replaceAll('EVIL', `http://${EVIL}/cat.png`)

  it('shows in the place of an image whose it is, and opens it by keyboard in a new tab', async () => {
    const { page, context } = await openHostileChat(browser, `${server.url}/`)
    await ask(page, text('![a cat](EVIL) and [![a dog](EVIL)](http://other.example/)'))
    const image = page.locator('.assistant a.image').first()
    expect(await image.textContent()).toContain('Image: a cat')
    expect(await image.textContent()).toContain(`${EVIL} would learn that you read this`)
    expect(await image.getAttribute('rel')).toBe('noopener noreferrer nofollow')
    const link = page.locator('.assistant a:not(.image)', { hasText: 'a dog' })
    expect(await link.textContent()).toBe('a dog (other.example)')
    await context.route('**/cat.png', (route) => route.fulfill({ body: 'cat' }))
    await image.focus()
    const opened = context.waitForEvent('page')
    await page.keyboard.press('Enter')
    const tab = await opened
    await tab.waitForURL(text('EVIL'))
    expect(await tab.evaluate(() => [document.referrer, opener])).toEqual(['', null])
    await context.close()
  }, 90_000)

  it('shows an image that is part of it, links with where they lead, and marks up text', async () => {
    const { page, context } = await openHostileChat(browser, `${server.url}/`)
    const pixel =
      'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
    const lines = [
      `![dot](data:image/png;base64,${pixel})`,
      '[here](https://a.example/x) https://b.example/ [mail](mailto:a@c.example)',
      '- [x] done\n- [ ] open',
      '| a |\n|:-:|\n| **b** |',
      '```js\nlet a = 1\n```',
    ]
    await ask(page, lines.join('\n\n'))
    const words = page.locator('.assistant .words')
    await expect
      .poll(
        () => words.locator('img').evaluate((image) => (image as HTMLImageElement).naturalWidth),
        SOON,
      )
      .toBe(1)
    expect(await words.locator('a').allTextContents()).toEqual([
      'here (a.example)',
      'https://b.example/',
      'mail (mailto:a@c.example)',
    ])
    expect(await words.locator('li').allTextContents()).toEqual(['☑ done', '☐ open'])
    expect(await words.locator('td[align=center] strong').textContent()).toBe('b')
    expect(await readGlobal(page, 'violations')).toEqual([])
    await context.close()
  }, 90_000)

  it('shows an image within it only of a kind that cannot load anything', async ({ expect }) => {
    const { page, context } = await openHostileChat(browser, `${server.url}/`)
    const lines = [
      ...['svg+xml', 'png,x', 'bmp'].map((kind) => `![a](data:image/${kind};base64,AAAA)`),
      '![a](data:text/html;base64,AAAA) ![a](DATA:image/svg+xml,x)',
      '<img src="data:image/svg+xml,<svg xmlns=\'http://www.w3.org/2000/svg\'/>">',
      '<img src="data:text/html,x"> <img src="&#9;data:image/svg+xml,x">',
      ...['png', 'jpeg', 'GIF', 'webp', 'avif'].map(
        (kind) => `![b](data:image/${kind};base64,AA==)`,
      ),
    ]
    await ask(page, lines.join('\n\n'))
    const words = page.locator('.assistant .words')
    await expect.poll(() => words.locator('img').count(), SOON).toBe(5)
    expect(await words.locator('span.image', { hasText: 'Not loaded' }).count()).toBe(8)
    await context.close()
  }, 90_000)

  it('keeps tags that only mark up text', async () => {
    const { page, context } = await openHostileChat(browser, `${server.url}/`)
    const tags = ['bdi', 'center', 'cite', 'dfn', 'section', 'strike', 'figure']
    const lines = [
      ...tags.map((tag) => `<${tag}>${tag}</${tag}>`),
      '<figure><figcaption>c</figcaption></figure> <ruby>漢<rp>(</rp><rt>かん</rt><rp>)</rp></ruby>',
    ]
    await ask(page, lines.join('\n\n'))
    const words = page.locator('.assistant .words')
    for (const tag of [...tags, 'figcaption', 'ruby rp', 'ruby rt']) {
      await words.locator(tag).first().waitFor({ state: 'attached' })
    }
    await context.close()
  }, 90_000)

  it('is shown as it is where it is nested too deeply to render', async () => {
    const { page, context } = await openHostileChat(browser, `${server.url}/`)
    await ask(page, `${'>'.repeat(20_000)} deep`)
    await page.locator('.assistant .plain', { hasText: 'deep' }).waitFor()
    await context.close()
  }, 60_000)
})
