import { afterEach, describe, expect, it } from 'vitest'
import { balancing } from '../../../../src/engines/pool/balancing.ts'
import { Pool } from '../../../../src/engines/pool/pool.ts'
import { Catalog } from '../../../../src/engines/registry/catalog.ts'
import {
  createDiscovery,
  type DiscoveredServers,
} from '../../../../src/engines/registry/discovery.ts'
import { createRouter } from '../../../../src/engines/registry/router.ts'
import { createStatic } from '../../../../src/engines/static/static.ts'
import { ready as answerReady } from '../../../../src/routes/health.ts'
import { Trace } from '../../../../src/routes/trace.ts'
import { memoryStatus } from '../../../../src/state/state-status.ts'
import { Exchange } from '../../../../src/stream/exchange.ts'
import { sharedTicker } from '../../../../src/stream/ticker.ts'
import { callerOf } from '../../../support/limits.ts'
import { errorScript } from '../../../support/personas/errors.ts'
import { closedPort, startUpstream } from '../../../support/upstream.ts'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

const limits = {
  answerTimeout: 1_000,
  loadTimeout: 1_000,
  firstTokenTimeout: 1_000,
  tokenTimeout: 1_000,
  clientTimeout: 1_000,
}

/** All that chooses an engine, where servers are looked for at one port. */
function world(port: number, seen: DiscoveredServers = new Map()) {
  const own = createStatic({ staticText: 'A text.', staticDelay: 0 })
  const ports = { [port]: 'llama-server' }
  const discovery = createDiscovery({ fetch, lenient: [], known: [], ports, seen })
  const catalog = new Catalog({ engines: [], static: own, discovery, isolateRequests: false })
  const router = createRouter(catalog, undefined)
  const ticker = sharedTicker(20)
  const pool = new Pool({
    ...{ router, ticker, queue: 10, attemptTimeout: 500, contextFallback: {} },
    ...{ retry: true, isolateRequests: false, balancing },
  })
  const guard = { findCaller: async () => callerOf({ name: 'ann', admin: true }) }
  const context = {
    ...{ catalog, pool, router, guard, hostName: 'tests', instance: () => 'a' },
    ...{ isLeaving: () => false, stateStatus: () => memoryStatus },
  }
  const ready = () => {
    const request = new Request('http://localhost/health/ready')
    return answerReady(request, new Trace('GET', '/health/ready'), context)
  }
  const ask = async (model?: string) => {
    const exchange = new Exchange({
      ...{ client: new AbortController().signal, limits, ticker, onEnd: () => {} },
    })
    const messages = [{ role: 'user' as const, content: 'Hi' }]
    const answer = pool.answer(exchange, model, async (route, signal) => {
      const asked = { messages, ...(route.model && { model: route.model }) }
      const answered = await route.engine.chat(asked, signal)
      await (answered.kind === 'chunks' ? answered.items.next() : undefined)
      return `${route.engine.label} ${route.model}`
    })
    try {
      return await exchange.untilEnd(answer)
    } finally {
      exchange.cancel()
    }
  }
  return { ask, look: () => catalog.status(), ready, router }
}

const gone = { status: 503, code: 'engine_unavailable', headers: { 'retry-after': '5' } }

describe('where no server was ever seen', () => {
  it('the fixed text answers to its name and to none, and to no other', async () => {
    const { ask, ready } = world(await closedPort())
    expect(await ask()).toBe('static static')
    expect(await ask('static')).toBe('static static')
    await expect(ask('m')).rejects.toMatchObject({ status: 404, code: 'model_not_found' })
    expect((await ready()).status).toBe(200)
  })
})

describe('while a server that was found is gone', () => {
  it('its model, and what names none, are 503 until it is back', async () => {
    const models = [{ id: 'm' }] as never
    const server = await startUpstream({ models, persona: 'llamaServer' })
    const { ask, look, ready, router } = world(server.port)
    expect(await ask()).toBe('localai m')
    await server.close()
    // Before it is noticed, and after.
    for (const notice of [() => {}, look]) {
      await notice()
      for (const model of ['m', undefined, 'claude-sonnet-4']) {
        await expect(ask(model)).rejects.toMatchObject(gone)
      }
      expect(await ask('static')).toBe('static static')
    }
    await expect(ready()).rejects.toMatchObject({ status: 503, code: 'not_ready' })
    await expect(router.find('m', undefined)).rejects.toMatchObject(gone)
    closing.push((await startUpstream({ models, port: server.port })).close)
    expect(await ask('m')).toBe('localai m')
    await look()
    expect((await ready()).status).toBe(200)
  })

  it('and other settings come into force meanwhile, it is still known', async () => {
    const server = await startUpstream({ models: [{ id: 'm' }] as never })
    const seen: DiscoveredServers = new Map()
    await world(server.port, seen).look()
    await server.close()
    const { ask, look } = world(server.port, seen)
    for (const model of ['m', undefined]) await expect(ask(model)).rejects.toMatchObject(gone)
    expect(await look()).toMatchObject([{ engine: 'localai', models: ['m'] }, {}])
  })

  it('never wakes the fixed text by an error while it loads', async () => {
    const models = [{ id: 'm' }] as never
    const server = await startUpstream({ models, script: errorScript('llama_server_loading') })
    closing.push(server.close)
    const { ask } = world(server.port)
    for (const model of ['m', undefined]) {
      const refused = expect(ask(model)).rejects
      await refused.toMatchObject({
        ...{ status: 503, code: 'model_loading', headers: { 'retry-after': '5' } },
      })
    }
  })
})
