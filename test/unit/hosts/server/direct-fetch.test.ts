import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { directFetch } from '../../../../src/hosts/server/direct-fetch.ts'

const NAMES = ['HTTP_PROXY', 'http_proxy', 'ALL_PROXY', 'all_proxy', 'HTTPS_PROXY', 'NO_PROXY']

/** Who is asked for a URL; neither answers. */
async function wayOf(url: string): Promise<unknown> {
  const fetch = directFetch(
    () => Promise.reject('sockets'),
    () => Promise.reject('fetch'),
  )
  return fetch(url, {}).catch((way: unknown) => way)
}

beforeEach(() => {
  for (const name of NAMES) vi.stubEnv(name, undefined)
})

afterEach(() => {
  vi.unstubAllEnvs()
})

const LOOPBACK = [
  'http://localhost:11434/api/tags',
  'http://127.0.0.1/v1',
  'http://127.8.9.1:8000/v1',
  'http://[::1]:8000/v1',
]

const REMOTE = [
  'http://example.com/v1',
  'http://10.0.0.1:8000/v1',
  'http://[2001:db8::1]:8000/v1',
  'http://0.0.0.0:8000/v1',
  'http://127.0.0.1.example.com/v1',
  'http://127.0.0.1:80@example.com/v1',
]

describe('without a proxy', () => {
  it.each([...LOOPBACK, ...REMOTE])('%s goes by sockets', async (url) => {
    expect(await wayOf(url)).toBe('sockets')
  })

  it.each(['https://example.com/v1', 'https://127.0.0.1:8000/v1', 'HTTPS://localhost'])(
    '%s does not',
    async (url) => {
      expect(await wayOf(url)).toBe('fetch')
    },
  )
})

describe.each(['HTTP_PROXY', 'http_proxy', 'ALL_PROXY', 'all_proxy'])('with %s', (name) => {
  beforeEach(() => {
    vi.stubEnv(name, 'http://127.0.0.1:3128')
  })

  it.each(LOOPBACK)('%s goes by sockets', async (url) => {
    expect(await wayOf(url)).toBe('sockets')
  })

  it.each([...REMOTE, 'https://example.com/v1', 'https://127.0.0.1:8000/v1'])(
    '%s does not',
    async (url) => {
      expect(await wayOf(url)).toBe('fetch')
    },
  )
})

it.each([
  ['HTTP_PROXY', ''],
  ['HTTPS_PROXY', 'http://127.0.0.1:3128'],
  ['NO_PROXY', '*'],
])('%s=%s is no proxy for http', async (name, value) => {
  vi.stubEnv(name, value)
  expect(await wayOf('http://example.com/v1')).toBe('sockets')
})
