import { afterEach, beforeEach, expect, it, vi } from 'vitest'

const request = () => new Request('http://localhost/v1/models')

/** The worker as a new isolate has it: its settings not read yet. */
async function freshWorker() {
  vi.resetModules()
  return await import('../../../worker/edge.ts')
}

beforeEach(() => {
  vi.spyOn(console, 'error').mockImplementation(() => {})
  vi.spyOn(console, 'log').mockImplementation(() => {})
})
afterEach(() => vi.restoreAllMocks())

it('serves with the settings of its environment', async () => {
  const { default: worker, control } = await freshWorker()
  const env = {
    SLUICE_CONFIG: '{"discover": false, "insecure": true}',
    SLUICE_MODEL: 'static',
    OTHER: {},
  }
  expect((await worker.fetch(request(), env)).status).toBe(200)
  const found = await (await control.fetch(request(), env)).json()
  expect(found).toEqual([{ engine: 'static', models: ['static'] }])
})

it('reads the binding EXPOSURE, or by its former name with a warning', async () => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
  const { default: worker } = await freshWorker()
  const env = { SLUICE_DISCOVER: 'no', REACH: 'machine' }
  expect((await worker.fetch(request(), env)).status).toBe(200)
  expect(warn.mock.calls).toEqual([
    ['sluice: The binding REACH is deprecated: use EXPOSURE instead.'],
  ])
  const { default: other } = await freshWorker()
  await other.fetch(request(), { SLUICE_DISCOVER: 'no', EXPOSURE: 'machine' })
  expect(warn).toHaveBeenCalledOnce()
})

it('logs each request as one line of JSON, unless it is told not to', async () => {
  const { default: worker } = await freshWorker()
  await (await worker.fetch(request(), { SLUICE_DISCOVER: 'no', SLUICE_INSECURE: '1' })).text()
  await vi.waitFor(() => expect(console.log).toHaveBeenCalledOnce())
  expect(JSON.parse(vi.mocked(console.log).mock.calls[0]?.[0])).toMatchObject({
    path: '/v1/models',
    outcome: 'ok',
  })
  const { default: silent } = await freshWorker()
  await (await silent.fetch(request(), { SLUICE_DISCOVER: 'no', SLUICE_LOG: 'none' })).text()
  expect(console.log).toHaveBeenCalledOnce()
})

it('refuses with 503 where its settings are wrong, and says which, but not what they are', async () => {
  const { default: worker } = await freshWorker()
  const env = { SLUICE_UPSTREAM: 'http://10.1.2.3', SLUICE_UPSTREAM_KEY: 'sk-one,sk-two' }
  const first = await worker.fetch(request(), env)
  const second = await worker.fetch(request(), env)
  expect([first.status, second.status]).toEqual([503, 503])
  const { error } = (await first.json()) as { error: Record<string, unknown> }
  expect(error).toEqual({
    message:
      'sluice cannot answer: the setting upstreamKey is wrong; see its log for what is expected.',
    type: 'server_error',
    param: null,
    code: 'settings_invalid',
  })
  expect(console.error).toHaveBeenCalledOnce()
})

it('names the variable that is wrong', async () => {
  const { default: worker } = await freshWorker()
  const response = await worker.fetch(request(), { SLUICE_UPSTREAM: 'gpu.internal:8000' })
  const text = await response.text()
  expect(text).toContain('the setting SLUICE_UPSTREAM is wrong')
  expect(text).not.toContain('gpu.internal')
})

it('keeps stored responses when its settings are replaced', async () => {
  const { default: worker, control } = await freshWorker()
  const env = { SLUICE_DISCOVER: 'no', SLUICE_INSECURE: '1', SLUICE_LOG: 'none' }
  const asked = new Request('http://localhost/v1/responses', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'static', input: 'Hi' }),
  })
  const { id } = (await (await worker.fetch(asked, env)).json()) as { id: string }
  const body = '{"queue": 5}'
  const replaced = await control.fetch(new Request('http://x/', { method: 'PUT', body }), env)
  expect(replaced.status).toBe(200)
  const found = await worker.fetch(new Request(`http://localhost/v1/responses/${id}`), env)
  expect(found.status).toBe(200)
})
