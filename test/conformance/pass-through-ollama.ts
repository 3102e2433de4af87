import { describe, expect, it } from 'vitest'
import { needs } from '../support/hosts.ts'
import { PASS_PATHS } from '../support/pass-through.ts'
import { asked, postJson } from '../support/passing.ts'
import { startPool } from '../support/pool.ts'
import { logOf, useRelay } from '../support/relay.ts'
import type { HostName } from '../support/server.ts'
import { factsAt } from '../support/server-facts.ts'
import { bearer, entry } from './keys-entries.ts'

const models = (...ids: string[]) =>
  ids.map((id) => ({ id, object: 'model' as const, created: 1, owned_by: 'library' }))

const DIGEST = `sha256:${'0123456789abcdef'.repeat(4)}`
const BLOB = `/api/blobs/${DIGEST}`
const passes = [...PASS_PATHS, BLOB]

/** Ollama's routes that change a server's models. */
export function passThroughOllama(host: HostName): void {
  const relay = useRelay(host, {
    env: {
      SLUICE_KEYS: JSON.stringify([
        entry('root', 'root-key', { admin: true }),
        entry('bob', 'bob-key'),
      ]),
    },
    upstream: { passes, models: models('llama3.2:latest') as never },
  })
  const admin = bearer('root-key')
  const post = (path: string, body: object, key = admin) =>
    postJson(relay.server.url + path, body, key)

  it.each(['/api/pull', '/api/push', '/api/create'])(
    '%s tells how far it is, in lines of JSON',
    async (path) => {
      const response = await post(path, { model: 'llama3.2' })
      expect(response.headers.get('content-type')).toBe('application/x-ndjson')
      const lines = (await response.text()).trim().split('\n')
      expect(lines.map((line) => JSON.parse(line)).at(-1)).toEqual({ status: 'success' })
      const last = asked(relay.upstream.requests, path).at(-1)
      expect(last?.bytes.toString()).toBe('{"model":"llama3.2"}')
      expect(await logOf(relay.server, response)).toMatchObject({ engine: 'gpu', path })
    },
  )

  it('copies and deletes, without a body in the answer', async () => {
    const copied = await post('/api/copy', { source: 'llama3.2', destination: 'mine' })
    expect({ status: copied.status, text: await copied.text() }).toEqual({ status: 200, text: '' })
    const deleted = await fetch(`${relay.server.url}/api/delete`, {
      method: 'DELETE',
      headers: { ...admin.headers, 'content-type': 'application/json' },
      body: '{"model":"mine"}',
    })
    expect(deleted.status, await deleted.text()).toBe(200)
    const last = asked(relay.upstream.requests, '/api/delete').at(-1)
    expect({ method: last?.method, body: last?.body }).toEqual({
      method: 'DELETE',
      body: { model: 'mine' },
    })
  })

  it.each([
    { status: 204, headers: { 'content-type': '' } },
    { headers: { 'content-type': '' } },
    { headers: { 'content-type': 'application/json', 'content-length': '0' } },
  ])('takes an empty answer for success: %j', async (script) => {
    const response = await post('/api/copy', { script: { steps: [], ...script } })
    expect({ status: response.status, text: await response.text() }).toEqual({
      status: 'status' in script ? script.status : 200,
      text: '',
    })
  })

  it('refuses an answer that nobody could read', async () => {
    const script = { steps: [{ send: 'done' }], headers: { 'content-type': '' } }
    const response = await post('/api/copy', { script })
    expect(response.status).toBe(502)
    expect(await response.json()).toEqual({ error: expect.stringContaining('no content type') })
  })

  it('says that an older Ollama lacks a route, and what to do', async () => {
    const old = { passes: ['/api/pull'], models: models('one:latest') as never }
    await using it = await startPool(host, { old })
    const response = await postJson(`${it.server.url}/api/create`, { model: 'x', from: 'one' })
    expect(response.status).toBe(404)
    expect(await response.json()).toEqual({
      error:
        'model: old does not offer POST /api/create; update that Ollama, or name another one with ?upstream=LABEL.',
    })
  })

  it('lists the models again afterwards', needs(host, 'waking'), async () => {
    relay.upstream.models = models('llama3.2:latest', 'new:latest') as never
    await (await post('/api/pull', { model: 'new' })).text()
    const listed = async () => {
      const text = await (await fetch(`${relay.server.url}/health`, admin)).text()
      return text.includes('new:latest')
    }
    await expect.poll(listed, { timeout: 3_000 }).toBe(true)
  })

  it('asks for and takes files', async () => {
    const there = await fetch(relay.server.url + BLOB, { method: 'HEAD', ...admin })
    expect({ status: there.status, text: await there.text() }).toEqual({ status: 200, text: '' })
    const bytes = new Uint8Array([0, 255, 128, 13, 10])
    const sent = await fetch(relay.server.url + BLOB, { method: 'POST', ...admin, body: bytes })
    expect(sent.status, await sent.text()).toBe(201)
    const last = asked(relay.upstream.requests, BLOB).at(-1)
    expect([...(last?.bytes ?? [])]).toEqual([...bytes])
    const wrong = await fetch(`${relay.server.url}/api/blobs/x`, {
      method: 'POST',
      ...admin,
      body: bytes,
    })
    expect(wrong.status).toBe(400)
    expect(await wrong.json()).toEqual({ error: expect.stringContaining('sha256:') })
  })

  it('asks again for a file that was not there', async () => {
    const some = [...PASS_PATHS]
    const a = { passes: some, models: models('one:latest') as never }
    await using it = await startPool(host, { a })
    const find = async () => (await fetch(it.server.url + BLOB, { method: 'HEAD' })).status
    expect(await find()).toBe(404)
    some.push(BLOB)
    expect(await find()).toBe(200)
  })

  it('is refused to a key that is no admin’s, as Ollama’s clients read it', async () => {
    const response = await post('/api/pull', { model: 'llama3.2' }, bearer('bob-key'))
    expect(response.status).toBe(403)
    expect(await response.json()).toEqual({ error: expect.stringContaining('admin') })
  })

  it('says what the server says, before and within its answer', async () => {
    const headers = { 'content-type': 'application/x-ndjson' }
    const line = (value: object) => ({ send: `${JSON.stringify(value)}\n` })
    const failed = line({ error: 'pull model manifest: file does not exist' })
    const none = await post('/api/pull', { model: 'x', script: { headers, steps: [failed] } })
    expect(none.status).toBe(502)
    expect(await none.json()).toEqual({
      error: expect.stringContaining('pull model manifest: file does not exist'),
    })
    const steps = [line({ status: 'pulling' }), { wait: 30 }, failed]
    const later = await post('/api/pull', { model: 'x', script: { headers, steps } })
    const [first, second, ...more] = (await later.text()).trim().split('\n')
    expect({ first, more }).toEqual({ first: '{"status":"pulling"}', more: [] })
    expect(second).toContain('file does not exist')
    const cut = [line({ status: 'pulling' }), { wait: 30 }, { send: '{"sta' }, { cut: true }]
    const broken = await post('/api/pull', { model: 'x', script: { headers, steps: cut } })
    const last = (await broken.text()).trim().split('\n').at(-1) ?? ''
    expect(JSON.parse(last)).toEqual({ error: expect.stringContaining('closed the connection') })
  })

  describe('the server that is meant', () => {
    it('is the one that has the model, or that the request names', async () => {
      const a = { passes, models: models('one:latest') as never }
      const b = { passes, models: models('two:latest') as never }
      await using it = await startPool(host, { a, b })
      const ask = (path: string, body: object, headers = {}) =>
        postJson(it.server.url + path, body, { headers })
      await (await ask('/api/push', { model: 'two' })).text()
      expect(asked(it.upstreams.b?.requests ?? [], '/api/push')).toHaveLength(1)
      const unclear = await ask('/api/pull', { model: 'three' })
      expect(unclear.status).toBe(400)
      expect(((await unclear.json()) as { error: string }).error).toMatch(
        /^upstream: expected the label of one Ollama server, since there are several \(a, b\), got none; add \?upstream=a/,
      )
      await (await ask('/api/pull?upstream=b', { model: 'three' })).text()
      await (await ask('/api/pull', { model: 'three' }, { 'x-sluice-upstream': 'b' })).text()
      expect(asked(it.upstreams.b?.requests ?? [], '/api/pull')).toHaveLength(2)
      expect((await ask('/api/pull?upstream=c', { model: 'three' })).status).toBe(400)
    })

    it('is known by its version where it has no model yet', async () => {
      const saying = (version: object) => factsAt({ 'GET /api/version': version })
      await using it = await startPool(host, {
        a: { passes, models: [], facts: saying({ version: '0.32.15', sluice: '0.1.0' }) },
        b: { passes, models: [], facts: saying({ version: '0.12.0' }) },
      })
      const response = await postJson(`${it.server.url}/api/pull`, { model: 'first' })
      expect(await response.text()).toContain('"status":"success"')
      expect(asked(it.upstreams.b?.requests ?? [], '/api/pull')).toHaveLength(1)
    })

    it('is missing where there is none', async () => {
      await using it = await startPool(host, { a: { passes } })
      const response = await postJson(`${it.server.url}/api/pull`, { model: 'x' })
      expect(response.status).toBe(501)
      expect(await response.json()).toEqual({
        error:
          'upstream: expected an Ollama server to pull models with, found only other servers (a); use the tools of the server itself, or configure an Ollama server with --upstream.',
      })
    })
  })
}
