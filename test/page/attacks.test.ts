// What pages of other sites can do to a sluice on this machine, tried from a real browser.

import { createHash } from 'node:crypto'
import { createServer, type Server as HttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startServer, useServer } from '../support/server.ts'
import { launch } from './support/browser.ts'
import { builtPage } from './support/pages.ts'

/** A name that its owner has made lead to this machine. */
const REBOUND = 'rebound.example'

const CHAT = { model: 'static', stream: true, messages: [{ role: 'user', content: 'Hi' }] }

let browser: Browser
let site: HttpServer
let foreign = ''

beforeAll(async () => {
  await builtPage('released')
  browser = await launch(`--host-resolver-rules=MAP ${REBOUND} 127.0.0.1`)
  site = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'text/html' })
    response.end('<!doctype html><title>elsewhere</title><form></form>')
  })
  await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve))
  foreign = `http://localhost:${(site.address() as AddressInfo).port}`
}, 60_000)

afterAll(async () => {
  await browser?.close()
  site?.closeAllConnections()
  site?.close()
})

async function openPage(url: string): Promise<Page> {
  const page = await browser.newPage()
  await page.goto(url)
  return page
}

interface Sent {
  url: string
  method?: string
  mode?: 'no-cors'
  headers?: Record<string, string>
  body?: string
}

/** Runs in the page: what it could read of the answer, or why nothing. */
async function tryFetch({ url, ...init }: Sent): Promise<string> {
  try {
    const response = await fetch(url, init)
    return `${response.type} ${response.status} ${(await response.text()).slice(0, 40)}`
  } catch (error) {
    return `failed: ${(error as Error).name}`
  }
}

describe('a page of another origin', () => {
  const server = useServer('bun', ['--static-delay', '0'])

  /** Every request must have been refused before an engine heard of it. */
  function expectNothingServed(): void {
    const api = server.log.filter(({ path }) => path.startsWith('/v1/'))
    const served = api.filter(({ engine, status }) => engine !== undefined || status < 400)
    expect(served).toEqual([])
  }

  const body = JSON.stringify(CHAT)
  const json = { 'content-type': 'application/json' }

  const form = { 'content-type': 'application/x-www-form-urlencoded' }
  const post = { method: 'POST', body }

  it.each<[string, Omit<Sent, 'url'>, RegExp]>([
    ['a plain POST', post, /^failed/],
    ['a POST without an answer', { ...post, mode: 'no-cors' }, /^opaque 0 $/],
    ['a POST of a form', { ...post, mode: 'no-cors', headers: form }, /^opaque 0 $/],
    ['a POST of JSON, which the browser asks about first', { ...post, headers: json }, /^failed/],
    ['a GET', {}, /^failed/],
  ])('gets nothing by %s', async (_, init, outcome) => {
    const page = await openPage(foreign)
    const url = `${server.base}/${init.method ? 'chat/completions' : 'models'}`
    const before = server.log.length
    expect(await page.evaluate(tryFetch, { url, ...init })).toMatch(outcome)
    await expect.poll(() => server.log.length).toBeGreaterThan(before)
    expectNothingServed()
    await page.close()
  })

  it('gets nothing by a POST of bytes without a type', async () => {
    const page = await openPage(foreign)
    const told = await page.evaluate(
      async ([url, text]) => {
        const response = await fetch(url as string, {
          method: 'POST',
          body: new Blob([text as string]),
          mode: 'no-cors',
        })
        return response.type
      },
      [`${server.base}/chat/completions`, body],
    )
    expect(told).toBe('opaque')
    await server.nextLog(({ method, status }) => method === 'POST' && status === 403)
    expectNothingServed()
    await page.close()
  })

  it('gets nothing by a form that it sends off', async () => {
    const page = await openPage(foreign)
    const before = server.log.length
    const answer = page.waitForResponse((response) => response.url().startsWith(server.base))
    await page.evaluate((url) => {
      const form = document.forms[0] as HTMLFormElement
      form.action = url
      form.method = 'post'
      form.enctype = 'text/plain'
      const field = document.createElement('input')
      field.name = '{"model":"static","messages":[{"role":"user","content":"'
      field.value = '"}]}'
      form.append(field)
      form.submit()
    }, `${server.base}/chat/completions`)
    expect((await answer).status()).toBe(403)
    await expect.poll(() => server.log.length).toBeGreaterThan(before)
    expectNothingServed()
    await page.close()
  })

  it('opens no socket', async () => {
    const page = await openPage(foreign)
    const told = await page.evaluate(
      (url) =>
        new Promise<string>((resolve) => {
          const socket = new WebSocket(url)
          socket.onopen = () => resolve('open')
          socket.onerror = () => resolve('refused')
        }),
      `${server.base.replace('http', 'ws')}/chat/completions`,
    )
    expect(told).toBe('refused')
    expectNothingServed()
    await page.close()
  })

  it('can\u2019t show the page in a frame', async () => {
    const response = await fetch(server.url)
    expect(response.headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
    await response.body?.cancel()
  })

  it('whose name leads to this machine is not its own', async () => {
    // A page of the attacker's has no policy, as the refusal has that is opened here.
    const page = await browser.newPage({ bypassCSP: true })
    const response = await page.goto(`http://${REBOUND}:${server.port}/`)
    expect(response?.status()).toBe(421)
    const told = await page.evaluate(tryFetch, {
      url: '/v1/chat/completions',
      ...post,
      headers: json,
    })
    expect(told).toMatch(/^basic 421 /)
    expectNothingServed()
    await page.close()
  })
})

it('a page of an origin that is allowed streams, with a key too', async () => {
  const key = 'key-of-this-test'
  const hash = createHash('sha256').update(key).digest('hex')
  await using server = await startServer(
    'bun',
    ['--static-delay', '0', '--allow-origin', foreign],
    { SLUICE_KEYS: `ann=sha256:${hash}` },
  )
  const page = await openPage(foreign)
  const ask = (authorization: string) =>
    page.evaluate(
      async ([url, body, value]) => {
        const response = await fetch(url as string, {
          method: 'POST',
          headers: { 'content-type': 'application/json', authorization: value as string },
          body: body as string,
        })
        const id = response.headers.get('x-request-id')
        return { status: response.status, id, text: await response.text() }
      },
      [`${server.base}/chat/completions`, JSON.stringify(CHAT), authorization],
    )
  const right = await ask(`Bearer ${key}`)
  expect(right).toMatchObject({ status: 200, id: expect.stringMatching(/^[\w-]{8,}$/) })
  expect(right.text).toContain('data: [DONE]')
  const wrong = await ask('Bearer wrong')
  expect(wrong).toMatchObject({ status: 401, text: expect.stringContaining('invalid_api_key') })
  await page.close()
}, 90_000)

it('the page asks for the key, and then chats through its service worker', async () => {
  const key = 'key-of-this-page'
  const hash = createHash('sha256').update(key).digest('hex')
  await using server = await startServer('bun', ['--static-delay', '0'], {
    SLUICE_KEYS: `ann=sha256:${hash}`,
    SLUICE_ALIAS: 'greeting=static',
  })
  const page = await browser.newPage()
  await page.goto(`${server.url}/#chat`)
  const field = page.getByLabel('This server requires an API key.')
  await field.fill('wrong')
  await page.getByRole('button', { name: 'Use key' }).click()
  await page.getByLabel('The server refused this API key.').fill(key)
  await page.getByRole('button', { name: 'Use key' }).click()
  await page.getByText('An API key is in use.').waitFor()
  // Only the server has that one.
  await page.locator('.name', { hasText: 'greeting' }).click()
  await page.getByLabel('Message', { exact: true }).fill('Hello')
  await page.keyboard.press('Enter')
  await page.getByText(/tokens · .*finished/).waitFor()
  await server.nextLog(({ key: name, outcome }) => name === 'ann' && outcome === 'finished')
  expect(server.stdout() + server.stderr()).not.toContain(key)
  await page.close()
}, 60_000)
