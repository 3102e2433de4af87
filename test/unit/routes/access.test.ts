import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { isLocalAdmin } from '../../../src/guard/admin.ts'
import { createGuard } from '../../../src/guard/guard.ts'
import { hashKey } from '../../../src/guard/keys.ts'
import { createHandler, createHostedHandler } from '../../../src/handler.ts'
import type { Exposure } from '../../../src/platform/host.ts'
import type { RouteContext } from '../../../src/routes/route.ts'
import { createRoutes } from '../../../src/routes/router.ts'
import { table } from '../../../src/routes/table.ts'
import { Trace } from '../../../src/routes/trace.ts'
import { parseSettings } from '../../../src/settings/settings.ts'

const bearer = (key: string) => ({ authorization: `Bearer ${key}` })
const NOBODY = {}
const KEY = bearer('ann-key')
const ADMIN = bearer('root-key')

const keys = [
  { name: 'ann', hash: await hashKey('ann-key') },
  { name: 'root', hash: await hashKey('root-key'), admin: true },
]

describe('whoever asks a server without keys', () => {
  const ask = (headers: Record<string, string>, exposure: Exposure = 'machine', host = '') =>
    isLocalAdmin(new Request(`http://${host || 'localhost:8787'}/`, { headers }), exposure)

  it('is admin if the request comes directly from this machine', () => {
    for (const host of ['localhost:8787', '127.0.0.1', '127.1.2.3:80', '[::1]:8787', 'a.localhost'])
      expect(ask({}, 'machine', host), host).toBe(true)
    expect(ask({ host: 'localhost', origin: 'http://localhost:5173' })).toBe(false)
    expect(ask({ host: 'localhost:8787', origin: 'http://localhost:8787' })).toBe(true)
  })

  it.each([
    ...['forwarded', 'via', 'x-real-ip', 'x-client-ip', 'true-client-ip', 'cf-connecting-ip'],
    ...['x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-anything', 'fly-client-ip', 'cf-ray'],
    ...['cf-connecting-ipv6', 'client-ip', 'fastly-client-ip', 'forwarded-for', 'proxy-client-ip'],
    ...['tailscale-user-login', 'wl-proxy-client-ip', 'x-azure-clientip', 'x-cluster-client-ip'],
    ...['x-envoy-external-address', 'x-forwarded', 'x-original-forwarded-for', 'x-original-host'],
    ...['x-proxyuser-ip'],
  ])('is not, where a proxy sent %s', (name) => {
    expect(ask({ [name]: '' })).toBe(false)
    expect(ask({ [name.toUpperCase()]: 'x' })).toBe(false)
    expect(ask({ [name]: 'x' }, 'page')).toBe(false)
  })

  it('is not by another name, or from a page of another origin', () => {
    expect(ask({}, 'machine', 'sluice.lan')).toBe(false)
    expect(ask({ origin: 'https://app.example' })).toBe(false)
    expect(ask({ origin: 'null' })).toBe(false)
  })

  it('is not a page of another site that loads it as an image, but a user who follows a link', () => {
    const host = { host: 'localhost:8787' }
    for (const site of ['cross-site', 'same-site']) {
      expect(ask({ ...host, 'sec-fetch-site': site, 'sec-fetch-mode': 'no-cors' })).toBe(false)
      expect(ask({ ...host, 'sec-fetch-site': site, 'sec-fetch-mode': 'navigate' })).toBe(true)
    }
    expect(ask({ ...host, 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors' })).toBe(true)
    expect(ask({ ...host, 'sec-fetch-site': 'none' })).toBe(true)
  })

  it('is where it is a page of the service worker’s own origin, whatever its name', () => {
    expect(ask({}, 'page', 'models.example')).toBe(true)
  })

  it('is never where anyone can ask', () => {
    expect(ask({}, 'anyone')).toBe(false)
  })
})

describe('a route for admins', () => {
  const secret = {
    access: 'admin' as const,
    method: 'get' as const,
    path: '/secret',
    answer: 'text/plain',
    module: { secret: async () => new Response('the secret') },
  }

  function ask(settings: object, headers: Record<string, string>, exposure: Exposure = 'anyone') {
    const guard = createGuard(parseSettings({ discover: false, ...settings }), { exposure })
    const context = { guard, basePath: '', instance: () => 'a' } as unknown as RouteContext
    const route = createRoutes(context, { secret })
    const request = new Request('http://localhost/secret', { headers })
    return route(request, new Trace('GET', '/secret')).then(
      (response) => response.text(),
      ({ status, code }: { status: number; code: string }) => `${status} ${code}`,
    )
  }

  it.each<[string, object, Record<string, string>, string, Exposure?]>([
    ['no key', { keys }, NOBODY, '401 missing_api_key'],
    ['a wrong key', { keys }, bearer('x'), '401 invalid_api_key'],
    ['an ordinary key', { keys }, KEY, '403 admin_required'],
    ['an ordinary key on this machine', { keys }, KEY, '403 admin_required', 'machine'],
    ['an admin key', { keys }, ADMIN, 'the secret'],
    ['an admin key behind a proxy', { keys }, { ...ADMIN, via: '1.1 a' }, 'the secret', 'machine'],
    ['a program on this machine', {}, NOBODY, 'the secret', 'machine'],
    ['a proxy on this machine', {}, { forwarded: 'for=1' }, '403 admin_required', 'machine'],
    ['everyone', { insecure: true }, NOBODY, '403 admin_required'],
    ['nobody', {}, NOBODY, '503 keys_missing'],
  ])('answers %s', async (_, settings, headers, expected, exposure) => {
    expect(await ask(settings, headers, exposure)).toBe(expected)
  })
})

describe('SECURITY.md says who may see what', () => {
  const text = readFileSync(join(import.meta.dirname, '../../../SECURITY.md'), 'utf8')
  const [, part = ''] = /^## Who may see what\n(.*?)^## /ms.exec(text) ?? []
  const rows = [...part.matchAll(/^\| (.*) \| (.*) \| (.*) \| (.*) \|$/gm)].map((row) =>
    row.slice(1),
  )
  const quoted = (cell = '') => [...cell.matchAll(/`([^`]+)`/g)].map(([, word]) => word ?? '')
  const rowOf = (route: string) => rows.find(([what]) => quoted(what).includes(route))

  it.each(Object.values(table))('of $method $path', ({ method, path, access }) => {
    const shown = `${method.toUpperCase()} ${path.replace(/:(\w+)\+?/g, '{$1}')}`
    const row = rowOf(shown)
    expect(row, shown).toBeDefined()
    expect(row?.[1] === '401', shown).toBe(access !== 'open')
    expect(row?.[2] === '403', shown).toBe(access === 'admin' || access === 'metrics')
  })

  it.each(['/health', '/health/ready'])('by the fields of GET %s', async (path) => {
    const handler = createHostedHandler({ keys, discover: false, staticDelay: 0 })
    const callers = [NOBODY, KEY, ADMIN]
    const columns = rowOf(`GET ${path}`)?.slice(1) ?? []
    for (const [index, headers] of callers.entries()) {
      const response = await handler.fetch(new Request(`http://localhost${path}`, { headers }))
      const fields = Object.keys({ draining: true, ...((await response.json()) as object) })
      // A host that gives its name shows it.
      if (headers === ADMIN) fields.push('host')
      const told = columns.slice(0, index + 1).flatMap(quoted)
      expect([...new Set(fields)].sort()).toEqual(told.sort())
    }
  })

  it('and nobody, where anyone may ask', async () => {
    const { fetch } = createHandler({ insecure: true, staticDelay: 0 })
    const health = await fetch(new Request('http://localhost/health'))
    expect(await health.json()).not.toHaveProperty('engines')
  })
})
