// What was packed when the page was built, as the hosts send it.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type IncomingMessage, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startServer } from '../support/server.ts'
import { serveFolder } from './support/static-server.ts'

const SCRIPT = Buffer.from('let answer = 42\n'.repeat(200_000))
const PACKED = gzipSync(SCRIPT)

const folder = mkdtempSync(join(tmpdir(), 'sluice-packed-'))
let files: Awaited<ReturnType<typeof serveFolder>>

beforeAll(async () => {
  mkdirSync(join(folder, 'assets'))
  writeFileSync(join(folder, 'assets/large-0.js.gz'), PACKED)
  files = await serveFolder(folder, '/')
})

afterAll(() => {
  files?.close()
  rmSync(folder, { recursive: true })
})

/** `fetch` would unpack it. */
async function ask(url: string, accepted: string, method = 'GET') {
  const headers = { 'accept-encoding': accepted }
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const asked = request(`${url}/assets/large-0.js`, { method, headers }, resolve)
    asked.on('error', reject).end()
  })
  const bytes = Buffer.concat(await response.toArray())
  return { status: response.statusCode, headers: response.headers, bytes }
}

it.each(['bun', 'deno', 'node', 'workerd'] as const)('%s sends it packed', async (host) => {
  const env = { SLUICE_PAGE_SERVER: files.url.replace(/\/$/, '') }
  await using server = await startServer(host, [], env)
  const packed = await ask(server.url, 'gzip, deflate, br, zstd')
  expect(packed.status).toBe(200)
  expect(packed.headers.vary).toMatch(/accept-encoding/i)
  if (host === 'workerd') expect(packed.bytes.equals(SCRIPT)).toBe(true)
  else {
    expect(packed.headers['content-encoding']).toBe('gzip')
    expect(packed.bytes.equals(PACKED)).toBe(true)
    expect(gunzipSync(packed.bytes).equals(SCRIPT)).toBe(true)
  }
  for (const accepted of ['identity', 'gzip;q=0', 'br']) {
    const plain = await ask(server.url, accepted)
    expect(plain.headers['content-encoding']).toBeUndefined()
    expect(plain.bytes.equals(SCRIPT)).toBe(true)
  }
  for (const accepted of ['gzip', 'identity']) {
    const { status, bytes } = await ask(server.url, accepted, 'HEAD')
    expect({ status, length: bytes.length }).toEqual({ status: 200, length: 0 })
  }
})
