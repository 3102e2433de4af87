import { createHash } from 'node:crypto'
import { runInNewContext } from 'node:vm'
import { expect, it } from 'vitest'
import { createHostedHandler } from '../../../src/handler.ts'
import type { Files } from '../../../src/platform/files.ts'
import { SCRIPT } from '../../../src/routes/page-progress.ts'

const BROWSER = { accept: 'text/html,*/*;q=0.8' }

/** The files of a page of which there is only this to tell; nothing where there is nobody to tell it. */
function files(told?: object): Files {
  return async (name) => {
    const text = name === 'build.json' ? told && JSON.stringify(told) : undefined
    return text === undefined ? undefined : new TextEncoder().encode(text)
  }
}

async function home(
  told: object | undefined,
  headers: Record<string, string> = BROWSER,
  settings: object = {},
): Promise<{ html: string; policy: string }> {
  const host = { files: files(told), exposure: 'machine' } as const
  const handler = createHostedHandler({ discover: false, ...settings }, host)
  const response = await handler.fetch(new Request('http://127.0.0.1/', { headers }))
  expect(response.status).toBe(200)
  const policy = response.headers.get('content-security-policy') ?? ''
  return { html: await response.text(), policy }
}

const installing = {
  state: 'installing',
  version: 'installing',
  seconds: 3.4,
  packages: ['preact', '<b>'],
}

it('tells a browser what is done for the page, for how long, and that the API works', async () => {
  const { html } = await home(installing)
  expect(html).toContain('The page is being built')
  expect(html).toContain('<code>preact</code>')
  expect(html).not.toContain('<b>')
  expect(html).toContain('<span id="seconds">3</span>')
  expect(html).toContain('the API works already')
  expect(html).toContain('curl -N http://127.0.0.1/v1/chat/completions')
  expect(html).toContain('http-equiv="refresh"')
})

it('allows that page its own script and style, and to ask its server, and no more', async () => {
  const { html, policy } = await home(installing)
  const hash = (text = '') => `'sha256-${createHash('sha256').update(text).digest('base64')}'`
  const [, script] = /<script>([\s\S]*?)<\/script>/.exec(html) ?? []
  const [, style] = /<style>([\s\S]*?)<\/style>/.exec(html) ?? []
  expect(policy).toMatch(/^default-src 'none'; style-src /)
  expect(policy).toContain(
    `style-src ${hash(style)}; script-src ${hash(script)}; connect-src 'self'`,
  )
  expect(policy).not.toContain('unsafe')
})

it('loads that page again when there are news, and not for the error of a server that ends', async () => {
  const answers = [
    new Response('{"error":{"code":"shutting_down"}}', { status: 503 }),
    Response.json({ state: 'installing', version: 'installing' }),
    Response.json({ state: 'ready', version: 'mx1' }),
  ]
  const asked: string[] = []
  const left = await new Promise((resolve) => {
    const part = { dataset: { version: 'installing', seconds: '0' } }
    const page = {
      document: { querySelector: () => part, getElementById: () => null },
      location: { reload: () => resolve(answers.length) },
      setTimeout: (act: () => void) => queueMicrotask(act),
      performance,
      async fetch(url: string) {
        asked.push(url)
        return answers.shift() ?? Response.error()
      },
    }
    runInNewContext(SCRIPT, page)
  })
  expect(left).toBe(0)
  expect(asked).toEqual(Array(3).fill('build-installing.json'))
})

it('says why the page could not be built, and what to do', async () => {
  const told = { state: 'failed', version: 'failed-1', reason: 'npm: <gone>', remedy: 'Do this.' }
  const { html } = await home(told)
  expect(html).toContain('The page could not be built')
  expect(html).toContain('npm: ')
  expect(html).not.toContain('<gone>')
  expect(html).toContain('Do this.')
  expect(html).not.toContain('http-equiv="refresh"')
})

it.each([
  ['other programs than browsers', installing, { accept: '*/*' }],
  ['a page that is ready', { state: 'ready', version: 'x', seconds: 1 }, BROWSER],
  ['a host where nobody builds one', undefined, BROWSER],
  ['what is no object', [], BROWSER],
] as const)('is the same as /status for %s', async (_, told, headers) => {
  const { html, policy } = await home(told, headers)
  expect(html).not.toContain('page is being built')
  expect(html).toContain('Try it')
  expect(policy).not.toContain('script-src')
})

it('is the same as /status where no page is to be served', async () => {
  const { html } = await home(installing, BROWSER, { page: false })
  expect(html).not.toContain('page is being built')
  expect(html).toContain('Try it')
})
