import { expect, it } from 'vitest'
import type { Engine } from '../../../src/engines/engine.ts'
import { balancing } from '../../../src/engines/pool/balancing.ts'
import { Pool } from '../../../src/engines/pool/pool.ts'
import { Catalog } from '../../../src/engines/registry/catalog.ts'
import { createRouter } from '../../../src/engines/registry/router.ts'
import { createStatic } from '../../../src/engines/static/static.ts'
import type { Caller } from '../../../src/guard/caller.ts'
import { createHostedHandler } from '../../../src/handler.ts'
import { health, ready } from '../../../src/routes/health.ts'
import { Trace } from '../../../src/routes/trace.ts'
import type { StateStatus } from '../../../src/state/state-status.ts'
import { sharedTicker } from '../../../src/stream/ticker.ts'
import { ApiError } from '../../../src/wire/errors/api-error.ts'
import { callerOf } from '../../support/limits.ts'

const request = new Request('http://localhost/health')
const admin = callerOf({ name: 'ann', admin: true })
const ordinary = callerOf({ name: 'bob', models: ['small'] })

function engine(label: string, models: () => Promise<[]> = async () => []): Engine {
  return { label, models, chat: () => Promise.reject(new Error('no test asks for a chat')) }
}

const down = () => Promise.reject(new ApiError(502, "can't be reached"))

const away: StateStatus = { kind: 'redis', status: 'away', instances: 3, policy: 'local' }

function routesOf(engines: Engine[], caller: Caller | null = admin, isLeaving = false) {
  const own = createStatic({ staticText: 'A text.', staticDelay: 0 })
  const catalog = new Catalog({ engines, static: own, isolateRequests: false })
  const router = createRouter(catalog, undefined)
  const pool = new Pool({
    router,
    ticker: sharedTicker(1_000),
    queue: 1,
    attemptTimeout: 1_000,
    contextFallback: {},
    retry: true,
    isolateRequests: false,
    balancing,
  })
  const trace = new Trace('GET', '/health')
  const guard = { findCaller: async () => caller ?? undefined }
  const context = {
    ...{ catalog, pool, router, guard, hostName: 'tests', instance: () => 'a' },
    ...{ isLeaving: () => isLeaving, stateStatus: () => away },
  }
  return {
    alive: (asked: Request) => health(asked, trace, context),
    ready: (asked: Request) => ready(asked, trace, context),
  }
}

it('is alive without asking anybody', async () => {
  const never = engine('slow', () => new Promise(() => {}))
  const { alive } = routesOf([never])
  expect(await (await alive(request)).json()).toMatchObject({
    status: 'ok',
    engines: [{ engine: 'slow', state: 'unknown', running: 0 }, { engine: 'static' }],
  })
})

it.each([
  ['ok', [engine('a'), engine('b')]],
  ['degraded', [engine('a'), engine('b', down)]],
])('is %s and ready', async (status, engines) => {
  const response = await routesOf(engines).ready(request)
  expect(response.status).toBe(200)
  expect(await response.json()).toMatchObject({ status })
})

it('is not ready where every engine is down, but still alive', async () => {
  const { ready, alive } = routesOf([engine('a', down)])
  await expect(ready(request)).rejects.toMatchObject({
    status: 503,
    code: 'not_ready',
    message:
      'engines: expected one that can answer now, got none (a is down); check the model servers, or retry in 5 seconds.',
    headers: { 'retry-after': '5' },
  })
  const response = await alive(request)
  expect(response.status).toBe(200)
  expect(await response.json()).toMatchObject({ status: 'unavailable' })
})

it('is ready with nothing but the fixed sentence', async () => {
  expect((await routesOf([]).ready(request)).status).toBe(200)
})

it('tells admins alone which instance answered, and of the state that it shares', async () => {
  const shown = { instance: 'a', state: away }
  expect(await (await routesOf([]).alive(request)).json()).toMatchObject(shown)
  for (const caller of [ordinary, null]) {
    const answer = await (await routesOf([], caller).alive(request)).json()
    for (const name of Object.keys(shown)) expect(answer).not.toHaveProperty(name)
  }
})

it('says by itself that its state is in memory, and names the same instance each time', async () => {
  const { fetch } = createHostedHandler({ discover: false }, { exposure: 'machine' })
  const ask = async () => (await fetch(request.clone())).json()
  const first = await ask()
  expect(first).toMatchObject({
    state: { kind: 'memory', status: 'connected', instances: 1 },
    instance: expect.stringMatching(/^[0-9a-f-]{36}$/),
  })
  expect(await ask()).toMatchObject({ instance: (first as { instance: string }).instance })
})

it('is alive, but not ready, while it waits for load balancers to send no more', async () => {
  const { alive, ready } = routesOf([engine('a')], admin, true)
  expect(await (await alive(request)).json()).toMatchObject({ status: 'ok', draining: true })
  await expect(ready(request)).rejects.toMatchObject({
    status: 503,
    code: 'shutting_down',
    headers: { 'retry-after': '5' },
  })
})

it('tells a stranger no engine by name', async () => {
  const { alive, ready } = routesOf([engine('secret', down)], null)
  expect(Object.keys((await (await alive(request)).json()) as object)).toEqual([
    'status',
    'version',
  ])
  await expect(ready(request)).rejects.toThrow(
    /^engines: expected one that can answer now, got none; check/,
  )
})

it('tells an ordinary key which of its models answer, and no engine by name', async () => {
  const listing = (...ids: string[]) =>
    ids.map((id) => ({ id, object: 'model' as const, created: 0, owned_by: 'tests' }))
  const engines = [
    { ...engine('secret'), models: async () => listing('small', 'large') },
    engine('gone', down),
  ]
  const { ready } = routesOf(engines, ordinary)
  expect(await (await ready(request)).json()).toEqual({
    status: 'degraded',
    version: expect.any(String),
    models: [{ id: 'small', ready: true }],
  })
  const refusing = routesOf([engine('secret', down)], ordinary).ready
  await expect(refusing(request)).rejects.toThrow(/got none; check/)
})

it('stays alive while it is stopped, but is not ready', async () => {
  const handler = createHostedHandler({ discover: false })
  await handler.drain(0)
  const alive = await handler.fetch(new Request('http://localhost/health'))
  expect(alive.status).toBe(200)
  expect(await alive.json()).toMatchObject({ draining: true })
  const refused = await handler.fetch(new Request('http://localhost/health/ready'))
  expect(refused.status).toBe(503)
  expect(refused.headers.get('retry-after')).toBe('5')
})
