import { describe, expect, it } from 'vitest'
import { postChat } from '../support/read.ts'
import { tag, useRelay } from '../support/relay.ts'
import { type HostName, useServer } from '../support/server.ts'

const BROWSER = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' }

/** What error codes mean, and how a client that gets one finds that. */
export function errorDocs(host: HostName): void {
  describe('the routes', () => pages(host))
  describe('errors', () => links(host))
}

function pages(host: HostName): void {
  // It has keys: none is needed to read what an error means.
  const server = useServer(host, ['--static-delay', '0'], {
    SLUICE_KEYS: `a=sha256:${'0'.repeat(64)}`,
  })
  const get = (path: string, headers = {}) => fetch(`${server.url}/docs/errors${path}`, { headers })

  it('tell a terminal what a code means and what to do', async () => {
    const response = await get('/token_timeout')
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toMatch(/^text\/plain\b/)
    const text = await response.text()
    expect(text).toMatch(/^# token_timeout\n\n\S/)
    expect(text).toContain('- Raise `--token-timeout`')
    expect(text).toContain('HTTP status: 504.')
    expect(text).toContain('Send it again? Yes')
  })

  it('show a browser the same as a page that runs nothing', async () => {
    const response = await get('/token_timeout', BROWSER)
    expect(response.headers.get('content-type')).toMatch(/^text\/html\b/)
    expect(response.headers.get('vary')).toMatch(/\baccept\b/i)
    const policy = response.headers.get('content-security-policy') ?? ''
    expect(policy).toMatch(/^default-src 'none'; style-src 'sha256-[^']+'; /)
    expect(policy).not.toContain('script-src')
    const html = await response.text()
    expect(html).toContain('<h1>token_timeout</h1>')
    expect(html).toContain('<code>--token-timeout</code>')
    expect(html).not.toMatch(/<script|`|\son\w+=/)
  })

  it('list all codes', async () => {
    const text = await (await get('')).text()
    expect(text).toMatch(/^- `upstream_unreachable`: \S/m)
    expect(text.match(/^- `/gm)?.length).toBeGreaterThan(80)
    const html = await (await get('', BROWSER)).text()
    expect(html).toContain('<a href="/docs/errors/upstream_unreachable">')
  })

  it('name similar codes for one that there is not, and show nothing as HTML', async () => {
    const response = await get('/token_timeuot')
    expect(response.status).toBe(404)
    const { error } = (await response.json()) as { error: { message: string; code: string } }
    expect(error.code).toBe('not_found')
    expect(error.message).toContain('did you mean token_timeout')
    const page = await get('/token_timeuot', BROWSER)
    expect(page.status).toBe(404)
    expect(await page.text()).toContain('<a href="/docs/errors/token_timeout">')
    const hostile = await get("/<b>'onclick=", BROWSER)
    expect(hostile.status).toBe(404)
    expect(await hostile.text()).not.toMatch(/<b>|'onclick/)
    expect((await get('/constructor')).status).toBe(404)
  })
}

function links(host: HostName): void {
  const relay = useRelay(host, { upstream: { script: { steps: [] } } })
  const ask = async (body: object, path = '/chat/completions') => {
    const response = await fetch(`${relay.server.base}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    return { response, text: await response.text() }
  }
  const messages = [{ role: 'user', content: 'Hi' }]
  const pageOf = (code: string) => `${relay.server.url}/docs/errors/${code}`

  it('carry the address of the page about their code, which is there', async () => {
    const { text } = await ask({ model: 'm', messages: 1 })
    const { error } = JSON.parse(text) as { error: { code: string; doc_url: string } }
    expect(error).toMatchObject({ code: 'invalid_value', doc_url: pageOf('invalid_value') })
    expect(await (await fetch(error.doc_url)).text()).toMatch(/^# invalid_value\n/)
    const anthropic = await ask({ model: 'm', messages: 1, max_tokens: 1 }, '/messages')
    expect(JSON.parse(anthropic.text)).toMatchObject({
      type: 'error',
      error: { details: { error_code: 'invalid_value' }, doc_url: pageOf('invalid_value') },
    })
  })

  it('carry it as events of a stream, and in no text of Ollama', async () => {
    const script = {
      steps: [
        { send: 'data: {"choices":[{"index":0,"delta":{"content":"a"}}]}\n\n' },
        { cut: true },
      ],
    }
    const { text } = await ask({ ...tag({ script }), stream: true, messages })
    const doc_url = pageOf('upstream_truncated')
    const last = JSON.parse(text.trim().split('\n').at(-1)?.slice('data: '.length) ?? '')
    expect(last).toMatchObject({ error: { code: 'upstream_truncated', doc_url } })
    const response = await fetch(`${relay.server.url}/api/chat`, { method: 'POST', body: '{}' })
    expect(Object.keys((await response.json()) as object)).toEqual(['error'])
  })

  it.each([
    ['a code of its own', { code: 'insufficient_quota' }],
    ['a code that sluice has too', { code: 'model_not_found' }],
    ['no code', {}],
  ])('do not where a server has %s', async (_, code) => {
    const body = JSON.stringify({ error: { message: 'No.', type: 'x', ...code } })
    const script = {
      status: 402,
      headers: { 'content-type': 'application/json' },
      steps: [{ send: body }],
    }
    const response = await postChat(relay.server.base, { model: 'm', script })
    expect(response.status).toBe(402)
    const { error } = (await response.json()) as { error: object }
    expect(error).toMatchObject({ message: 'No.' })
    expect(error).not.toHaveProperty('doc_url')
  })
}
