import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { createHandler } from '../../../src/handler.ts'
import { takesGzip } from '../../../src/routes/packed-file.ts'

const SCRIPT = 'let answer = 42\n'.repeat(500)

type Bytes = Uint8Array<ArrayBuffer>
const PACKED: Bytes = new Uint8Array(gzipSync(SCRIPT))

const files: Record<string, string> = {
  'index.html': `<p>${'The page. '.repeat(500)}</p>`,
  'openapi.json': JSON.stringify({ servers: [{ url: '/' }], words: 'of the API '.repeat(500) }),
  'assets/a.js': SCRIPT,
  'assets/small.js': 'let a',
  'picture.png': SCRIPT,
}

function server(basePath = '') {
  const { fetch } = createHandler({
    ...{ basePath, insecure: true, allowOrigin: ['http://page.example'] },
    files: async (name) => {
      const text = files[name]
      return text === undefined ? undefined : new TextEncoder().encode(text)
    },
  })
  return (path: string, accepted?: string, method = 'GET') => {
    const headers = accepted === undefined ? {} : { 'accept-encoding': accepted }
    return fetch(new Request(`http://localhost${basePath}${path}`, { method, headers }))
  }
}

async function unpacked(response: Response): Promise<string> {
  const unpacking = response.body?.pipeThrough(new DecompressionStream('gzip'))
  return new Response(unpacking).text()
}

it.each([
  ['/', 'index.html'],
  ['/openapi.json', 'openapi.json'],
  ['/assets/a.js', 'assets/a.js'],
])('%s comes packed to who takes that, and as it is to others', async (path, name) => {
  const get = server()
  // Twice: the second one may come from what was kept.
  for (const _ of [1, 2]) {
    const packed = await get(path, 'gzip, deflate, br, zstd')
    expect(packed.headers.get('content-encoding')).toBe('gzip')
    expect(packed.headers.get('vary')?.split(', ').sort()).toEqual(['accept-encoding', 'origin'])
    const text = files[name] ?? ''
    expect((await packed.clone().arrayBuffer()).byteLength).toBeLessThan(text.length / 5)
    expect(await unpacked(packed)).toBe(text)
  }
  for (const accepted of [undefined, 'identity', 'br', 'gzip;q=0']) {
    const plain = await get(path, accepted)
    expect(plain.headers.get('content-encoding')).toBeNull()
    expect(plain.headers.get('vary')).toContain('accept-encoding')
    expect(await plain.text()).toBe(files[name])
  }
})

it.each(['/assets/small.js', '/picture.png', '/v1/models', '/assets/none.js'])(
  '%s never comes packed',
  async (path) => {
    const response = await server()(path, 'gzip')
    expect(response.headers.get('content-encoding')).toBeNull()
  },
)

describe.each([
  ['bytes', (bytes: Bytes) => bytes],
  ['a stream', (bytes: Bytes) => new Blob([bytes]).stream()],
] as const)('a file that is there only packed, as %s', (kind, lend) => {
  async function get(accepted: string): Promise<Response> {
    const { fetch } = createHandler({
      insecure: true,
      files: async (name) => (name === 'assets/large.js.gz' ? lend(PACKED) : undefined),
    })
    const headers = { 'accept-encoding': accepted }
    return fetch(new Request('http://localhost/assets/large.js', { headers }))
  }

  it.each(['gzip', 'br, gzip;q=0.1'])('comes as it is to who takes that: %s', async (accepted) => {
    const response = await get(accepted)
    expect(response.headers.get('content-type')).toBe('text/javascript; charset=utf-8')
    expect(response.headers.get('cache-control')).toContain('immutable')
    expect(response.headers.get('vary')).toBe('accept-encoding')
    // What workerd lends as a stream, Cloudflare packs itself.
    const isPacked = kind === 'bytes'
    expect(response.headers.get('content-encoding')).toBe(isPacked ? 'gzip' : null)
    if (isPacked) expect(await response.clone().bytes()).toEqual(PACKED)
    expect(isPacked ? await unpacked(response) : await response.text()).toBe(SCRIPT)
  })

  it.each(['identity', 'gzip;q=0', 'br', ''])('comes unpacked to others: %s', async (accepted) => {
    const response = await get(accepted)
    expect(response.headers.get('content-encoding')).toBeNull()
    expect(response.headers.get('vary')).toBe('accept-encoding')
    expect(await response.text()).toBe(SCRIPT)
  })
})

it('names the base path in the description of the API, which it reads for that', async () => {
  const response = await server('/ai')('/openapi.json', 'gzip')
  expect(await response.json()).toMatchObject({ servers: [{ url: '/ai/' }] })
})

it.each([
  ['gzip', true],
  ['deflate, GZIP;q=0.5', true],
  ['x-gzip ; q=1', true],
  ['gzip;q=0', false],
  ['gzip; q=0.000', false],
  ['gzipped', false],
  ['', false],
])('accept-encoding: %s', (accepted, takes) => {
  const headers = { 'accept-encoding': accepted }
  expect(takesGzip(new Request('http://localhost/', { headers }))).toBe(takes)
})
