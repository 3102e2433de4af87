// Browser tabs on workerd, whose object keeps the keys of paired tabs on a disk.

import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Server, startServer } from '../support/server.ts'
import { tabModel as model, openTab } from '../support/tab.ts'

const hash = (key: string) => `sha256:${createHash('sha256').update(key).digest('hex')}`
const root = 'sk-root-of-these-tests'
const keys = [
  { name: 'root', hash: hash(root), admin: true },
  { name: 'ann', hash: hash('sk-ann-of-these-tests'), requestsPerDay: 1_000 },
]

const folder = mkdtempSync(join(tmpdir(), 'sluice-tabs-'))
let server: Server

async function start(...flags: string[]): Promise<Server> {
  const all = ['--state', 'objects', '--state-folder', folder, '--heartbeat', '300ms', ...flags]
  return startServer('workerd', all, { SLUICE_KEYS: JSON.stringify(keys) })
}

beforeAll(async () => {
  server = await start('--tabs')
}, 60_000)

afterAll(async () => {
  await server.kill()
  rmSync(folder, { recursive: true, force: true })
})

interface Asked {
  key?: string
  method?: string
  body?: object
}

function ask(path: string, { key = root, body, method = body ? 'POST' : 'GET' }: Asked = {}) {
  return fetch(`${server.url}${path}`, {
    method,
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
  })
}

/** Pairs a tab, and returns its key. */
async function pair(name: string): Promise<string> {
  const opened = await ask('/v1/pairings', { body: { name } })
  const { code } = (await opened.json()) as { code: string }
  const redeemed = await ask('/v1/pairings/redeem', { key: 'none', body: { offer: code } })
  const { key, saved } = (await redeemed.json()) as { key: string; saved: boolean }
  expect(saved).toBe(true)
  return key
}

const chat = { model, messages: [{ role: 'user', content: 'Hi' }] }

describe('a paired tab', () => {
  it('answers, and does so after workerd was killed, with the same key', async () => {
    const key = await pair('phone')
    const opened = await ask('/v1/pairings', { body: { name: 'tablet' } })
    const { code } = (await opened.json()) as { code: string }
    using _tab = await openTab(server.url, { key })
    expect((await ask('/v1/chat/completions', { body: chat })).status).toBe(200)
    await server.kill()
    server = await start('--tabs')
    using again = await openTab(server.url, { key })
    expect((await ask('/v1/chat/completions', { body: chat })).status).toBe(200)
    expect(again.statuses.at(-1)).toMatchObject({ kind: 'joined', name: 'phone' })
    // What was open is lost.
    const lost = await ask('/v1/pairings/redeem', { body: { offer: code } })
    expect(lost.status).toBe(403)
    const listed = await (await ask('/v1/pairings')).json()
    expect(listed).toEqual({ object: 'list', data: [{ object: 'paired', name: 'phone' }] })
    // It may offer, and nothing else; others' keys are not answered.
    expect([401, 403]).toContain((await ask('/v1/models', { key })).status)
    const other = await ask('/v1/chat/completions', { key: 'sk-ann-of-these-tests', body: chat })
    expect(other.status).toBe(404)
    const removed = await ask('/v1/pairings/phone', { method: 'DELETE' })
    expect(await removed.json()).toEqual({ name: 'phone', object: 'paired', deleted: true })
    await expect.poll(() => again.statuses.at(-1)?.kind, { timeout: 5_000 }).toBe('ended')
    await expect(openTab(server.url, { key })).rejects.toThrow(/"kind":"ended"/)
  }, 60_000)

  it('has streams that can be resumed, in the same object', async () => {
    const key = await pair('laptop')
    using _tab = await openTab(server.url, {
      key,
      tokens: Array.from({ length: 40 }, (_, n) => ` w${n}`),
      tokenDelay: 20,
    })
    const response = await fetch(`${server.url}/v1/chat/completions`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${root}`,
        'content-type': 'application/json',
        'x-sluice-resume': '1',
      },
      body: JSON.stringify({ ...chat, stream: true }),
    })
    expect(response.status, response.ok ? '' : await response.text()).toBe(200)
    const where = response.headers.get('x-sluice-resume') ?? ''
    expect(where).toMatch(/^\/v1\/streams\/strm_/)
    const reader = response.body?.getReader()
    await reader?.read()
    await reader?.cancel()
    const text = await (await ask(where)).text()
    expect(text).toContain(' w39')
    expect(text.trimEnd().endsWith('data: [DONE]')).toBe(true)
  }, 20_000)
})

it('without its object, says what to configure', async () => {
  await server.kill()
  server = await start()
  const response = await ask('/v1/pairings', { body: { name: 'tv' } })
  expect(response.status).toBe(501)
  const { error } = (await response.json()) as { error: { message: string } }
  expect(error.message).toContain('--tabs')
  expect(error.message).toContain('binding TABS of the class BrowserTabs')
}, 60_000)
