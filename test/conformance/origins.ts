import { describe, expect, it } from 'vitest'
import { needs } from '../support/hosts.ts'
import { rawRequest, readStream } from '../support/read.ts'
import { expectError } from '../support/refusal.ts'
import { errorOf } from '../support/relay.ts'
import { type HostName, runToEnd, type Server, useServer } from '../support/server.ts'

const QUICK = ['--static-delay', '0']
const STREAM = { stream: true, messages: [{ role: 'user', content: 'Hi' }] }
const JSON_TYPE = { 'content-type': 'application/json' }

function chat(server: Server, headers: Record<string, string>, body: unknown = STREAM) {
  const sent = { ...JSON_TYPE, ...headers }
  const url = `${server.base}/chat/completions`
  return fetch(url, { method: 'POST', headers: sent, body: JSON.stringify(body) })
}

function preflight(server: Server, origin: string, more: Record<string, string> = {}) {
  return fetch(`${server.base}/chat/completions`, {
    method: 'OPTIONS',
    headers: {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization,content-type,x-stainless-lang',
      ...more,
    },
  })
}

/** The status of a request that is addressed to `host`. */
async function statusFor(server: Server, host: string, path = '/v1/models'): Promise<number> {
  const headers = { host, connection: 'close' }
  const response = await rawRequest({ port: server.port, path, headers })
  await response.closed
  if (response.status() === 421) expect(response.text()).toContain('"host_not_allowed"')
  return response.status() ?? 0
}

/** Who may ask by where a request comes from, and what it is addressed to. */
export function origins(host: HostName): void {
  describe('by default', () => {
    const server = useServer(host, QUICK)

    it.each([
      'localhost',
      'LOCALHOST:1',
      'sluice.localhost',
      '127.0.0.1',
      '127.9.9.9:80',
      '[::1]:9',
    ])('answers to %s', needs(host, 'sockets'), async (name) =>
      expect(await statusFor(server, name)).toBe(200),
    )

    it.each(['evil.example', 'localhost.evil.example:8787', '127.0.0.1.nip.io', '192.168.1.7'])(
      'does not answer to %s, which a page elsewhere may have made lead here',
      needs(host, 'sockets'),
      async (name) => {
        expect(await statusFor(server, name)).toBe(421)
        expect(await statusFor(server, name, '/')).toBe(421)
        expect(await statusFor(server, name, '/health')).toBe(421)
      },
    )

    it.each(['https://evil.example', 'http://localhost:1', 'null', 'chrome-extension://abc'])(
      'refuses the pages of %s, whatever they ask',
      async (origin) => {
        const asked = [
          chat(server, { origin }),
          fetch(`${server.base}/models`, { headers: { origin } }),
          fetch(`${server.base}/chat/completions`, {
            method: 'POST',
            headers: { origin, 'content-type': 'text/plain' },
            body: JSON.stringify(STREAM),
          }),
          preflight(server, origin),
        ]
        for (const response of await Promise.all(asked)) {
          const { code, message } = await expectError(response, 403)
          expect(code).toBe('origin_not_allowed')
          expect(message).toContain('--allow-origin')
          expect(response.headers.has('access-control-allow-origin')).toBe(false)
        }
      },
    )

    it('lets its own pages ask, and programs that name no origin', async () => {
      const own = await readStream(await chat(server, { origin: server.url }))
      expect(own).toMatchObject({ status: 200, outcome: 'finished' })
      expect(own.headers.has('access-control-allow-origin')).toBe(false)
      expect((await readStream(await chat(server, {}))).outcome).toBe('finished')
    })

    it('takes no POST that a page could send without asking first', async () => {
      for (const type of [
        'text/plain',
        'application/x-www-form-urlencoded',
        'multipart/form-data',
      ]) {
        const response = await chat(server, { 'content-type': type })
        expect((await errorOf(response)).code).toBe('unsupported_media_type')
        expect(response.status).toBe(415)
      }
    })

    it('makes no connection into a socket', needs(host, 'sockets'), async () => {
      const upgrade = { upgrade: 'websocket', connection: 'upgrade', 'sec-websocket-version': '13' }
      const headers = { ...upgrade, 'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==' }
      const origin = 'http://evil.example'
      const raw = await rawRequest({
        port: server.port,
        method: 'GET',
        headers: { ...headers, origin },
      })
      await raw.waitFor(/^HTTP\/1\.1 \d+/)
      expect(raw.status()).not.toBe(101)
      raw.hangUp()
    })
  })

  describe('where origins are allowed', () => {
    const allowed = [
      'https://app.example.com',
      'https://*.lan.example',
      'http://localhost:*',
      'null',
    ]
    const server = useServer(host, [
      ...QUICK,
      ...allowed.flatMap((each) => ['--allow-origin', each]),
    ])

    it.each([
      'https://app.example.com',
      'https://a.lan.example',
      'https://a.b.lan.example',
      'http://localhost:5173',
      'null',
    ])('lets %s ask, and read', async (origin) => {
      const response = await chat(server, { origin })
      expect(response.headers.get('access-control-allow-origin')).toBe(origin)
      expect(response.headers.get('access-control-expose-headers')).toContain('x-request-id')
      expect(response.headers.get('vary')).toBe('origin')
      expect((await readStream(response)).outcome).toBe('finished')
      const refused = await chat(server, { origin }, {})
      expect(refused.headers.get('access-control-allow-origin')).toBe(origin)
      await expectError(refused, 400)
    })

    it.each([
      'http://app.example.com',
      'https://app.example.com:8443',
      'https://app.example.com.evil.example',
      'https://evil-lan.example',
      'https://lan.example',
      'http://localhost.evil.example:5173',
    ])('does not take %s for another', async (origin) => {
      await expectError(await preflight(server, origin), 403)
    })

    it('answers a preflight, the one for a local address too', async () => {
      const response = await preflight(server, 'https://app.example.com', {
        'access-control-request-private-network': 'true',
      })
      expect(response.status).toBe(204)
      const { headers } = response
      expect(headers.get('access-control-allow-origin')).toBe('https://app.example.com')
      expect(headers.get('access-control-allow-methods')).toBe('POST, OPTIONS')
      expect(headers.get('access-control-allow-headers')).toContain('x-stainless-lang')
      expect(headers.get('access-control-max-age')).toBe('7200')
      expect(headers.get('access-control-allow-private-network')).toBe('true')
      expect(headers.get('vary')).toMatch(/^origin, access-control-request-method/)
    })

    it('tells caches that answers differ, and nothing more, where nobody is named', async () => {
      const response = await fetch(`${server.base}/models`)
      expect(response.headers.get('vary')).toBe('origin')
      expect(response.headers.has('access-control-allow-origin')).toBe(false)
      await response.body?.cancel()
    })
  })

  describe('where a host is allowed', () => {
    const server = useServer(host, [
      '--allow-host',
      'sluice.lan',
      '--allow-host',
      '*.example.com:99',
    ])

    it('answers to it too', needs(host, 'sockets'), async () => {
      expect(await statusFor(server, 'sluice.lan:1234')).toBe(200)
      expect(await statusFor(server, 'a.example.com:99')).toBe(200)
      expect(await statusFor(server, 'a.example.com')).toBe(421)
      expect(await statusFor(server, 'localhost')).toBe(200)
    })
  })

  it('is not opened to every site without a key', needs(host, 'process'), async () => {
    const { code, stderr } = await runToEnd(host, ['--allow-origin', '*'])
    expect(stderr).toMatch(
      /^sluice: allowOrigin: "\*" lets the pages of every website send requests/,
    )
    expect(code).toBe(2)
  })

  it('is not opened to other machines without a key', needs(host, 'process'), async () => {
    const { code, stderr } = await runToEnd(host, ['--host', '0.0.0.0', '--port', '0'])
    expect(stderr).toMatch(
      /^sluice: host: other machines can reach 0\.0\.0\.0, and no API keys are configured; make a key/,
    )
    expect(code).toBe(2)
  })
}
