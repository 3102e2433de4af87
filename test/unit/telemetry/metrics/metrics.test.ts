import { describe, expect, it } from 'vitest'
import { type DefinedEngine, defineEngine } from '../../../../src/engines/custom/define-engine.ts'
import { hashKey } from '../../../../src/guard/keys.ts'
import { createHandler, createHostedHandler, type Handler } from '../../../../src/handler.ts'
import { parseSettings } from '../../../../src/settings/settings.ts'
import { Telemetry } from '../../../../src/telemetry/telemetry.ts'
import { ApiError } from '../../../../src/wire/errors/api-error.ts'
import { type Scrape, scrape } from '../../../support/metrics.ts'

const CHAT = '/v1/chat/completions'
const messages = [{ role: 'user', content: 'Hi' }]
const ORIGIN = 'http://localhost'
const LOCAL = { staticDelay: 0, discover: false }

function ask(handler: Handler, body: object = {}, headers: Record<string, string> = {}) {
  const request = new Request(ORIGIN + CHAT, {
    method: 'POST',
    headers: { host: 'localhost', 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ model: 'static', stream: true, messages, ...body }),
  })
  return handler.fetch(request)
}

const textOf = async (response: Promise<Response>) => (await response).text()

function read(handler: Handler, headers: Record<string, string> = {}): Promise<Scrape> {
  return scrape(ORIGIN, { headers: { host: 'localhost', ...headers } }, handler.fetch)
}

async function until(handler: Handler, is: (found: Scrape) => boolean): Promise<Scrape> {
  for (let tries = 0; tries < 200; tries++) {
    const found = await read(handler)
    if (is(found)) return found
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  return read(handler)
}

it('goes on counting when settings are read again, and stops where they say so', async () => {
  const telemetry = new Telemetry()
  const make = (settings: object) =>
    createHostedHandler({ ...LOCAL, ...settings }, { exposure: 'machine', telemetry })
  const first = make({})
  await textOf(ask(first))
  const second = make({})
  await textOf(ask(second))
  await textOf(ask(first))
  const finished = { api: CHAT, outcome: 'finished' }
  expect((await read(second)).sum('sluice_requests_total', finished)).toBe(3)
  const third = make({ metrics: false })
  await textOf(ask(third))
  await expect(read(third)).rejects.toThrow('404')
  const fourth = make({})
  expect((await read(fourth)).sum('sluice_requests_total', finished)).toBe(3)
})

it.each([true, false])('counts a stream to its end that began with metrics %s', async (isOn) => {
  const telemetry = new Telemetry()
  const make = (settings: object) =>
    createHostedHandler({ ...LOCAL, ...settings }, { exposure: 'machine', telemetry })
  const response = await ask(make({ staticDelay: 5, metrics: isOn }))
  make({ metrics: !isOn })
  await response.text()
  const found = await read(make({}))
  expect(found.sum('sluice_requests_running')).toBe(0)
  expect(found.sum('sluice_requests_total', { api: CHAT })).toBe(isOn ? 1 : 0)
})

it('can be read while the server stops', async () => {
  const handler = createHostedHandler(LOCAL, { exposure: 'machine' })
  await textOf(ask(handler))
  await handler.drain(0)
  expect((await ask(handler)).status).toBe(503)
  const found = await read(handler)
  expect(found.sum('sluice_requests_total', { api: CHAT, outcome: 'finished' })).toBe(1)
  expect(found.sum('sluice_request_failures_total', { code: 'shutting_down' })).toBe(1)
})

it('counts a stream that a stop ends as failed, once', async () => {
  const handler = createHostedHandler({ ...LOCAL, staticDelay: 50 }, { exposure: 'machine' })
  const response = await ask(handler)
  expect((await read(handler)).sum('sluice_requests_running')).toBe(1)
  await handler.drain(0)
  await response.text()
  const found = await read(handler)
  expect(found.sum('sluice_requests_total', { api: CHAT })).toBe(1)
  expect(found.sum('sluice_request_failures_total', { code: 'shutting_down' })).toBe(1)
  expect(found.sum('sluice_attempts_total', { result: 'shutting_down' })).toBe(1)
  expect(found.sum('sluice_requests_running')).toBe(0)
})

describe('an engine in code', () => {
  const withEngine = (engine: DefinedEngine) =>
    createHandler({
      staticDelay: 0,
      engines: [engine],
      authenticate: () => ({ name: 'root', admin: true }),
    })

  it('has stopped when its generator has run to its end', async () => {
    let release = () => {}
    const cleanup = new Promise<void>((resolve) => {
      release = resolve
    })
    const engine = defineEngine({
      label: 'mine',
      models: ['x'],
      async *chat(_request, { signal }) {
        try {
          for (;;) {
            yield 'tok '
            await new Promise((resolve) => setTimeout(resolve, 5))
            if (signal.aborted) return
          }
        } finally {
          await cleanup
        }
      },
    })
    const handler = withEngine(engine)
    const response = await ask(handler, { model: 'x' })
    const reader = response.body?.getReader()
    await reader?.read()
    await reader?.cancel()
    const stops = (found: Scrape) =>
      found.sum('sluice_engine_stop_seconds_count', { engine: 'mine' })
    const cancelled = (found: Scrape) =>
      found.sum('sluice_requests_total', { model: 'x', engine: 'mine', outcome: 'cancelled' })
    const left = await until(handler, (found) => cancelled(found) > 0)
    expect(cancelled(left)).toBe(1)
    await new Promise((resolve) => setTimeout(resolve, 30))
    expect(stops(await read(handler))).toBe(0)
    release()
    const stopped = await until(handler, (found) => stops(found) > 0)
    expect(stops(stopped)).toBe(1)
    const seconds = stopped.sum('sluice_engine_stop_seconds_sum', { engine: 'mine' })
    expect(seconds).toBeGreaterThan(0.02)
  })

  it('has its own codes counted as other', async () => {
    const engine = defineEngine({
      label: 'mine',
      models: ['x'],
      chat() {
        throw new ApiError(502, 'It jams.', { code: 'printer_jam_17' })
      },
    })
    const handler = withEngine(engine)
    await textOf(ask(handler, { model: 'x' }))
    const found = await read(handler)
    expect(found.values('sluice_request_failures_total', 'code')).toEqual(['other'])
    expect(found.text).not.toContain('printer_jam')
  })
})

describe('callers whom a program identifies', () => {
  const handler = createHandler({
    ...{ staticDelay: 0 },
    authenticate: ({ headers }) => {
      const name = headers.get('x-user')
      if (name === null) return undefined
      return { name, metrics: name === 'prometheus', requestsPerMinute: 100 }
    },
  })

  it('are one label, however many there are', async () => {
    for (let index = 0; index < 5; index++)
      await textOf(ask(handler, {}, { 'x-user': `user-${index}` }))
    const found = await read(handler, { 'x-user': 'prometheus' })
    expect(found.values('sluice_requests_total', 'key')).toEqual(['other'])
    expect(found.sum('sluice_requests_total', { api: CHAT, key: 'other' })).toBe(5)
  })

  it('may be one that reads metrics only', async () => {
    const response = await ask(handler, {}, { 'x-user': 'prometheus' })
    expect(response.status).toBe(403)
    expect(await response.text()).toContain('metrics: true')
  })
})

it('has no key that is both an admin’s and for metrics alone', async () => {
  const key = { name: 'both', hash: await hashKey('k'), admin: true, metrics: true }
  expect(() => parseSettings({ keys: [key] })).toThrow(
    'keys[0]: expected admin or metrics to be true, got both',
  )
})
