import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { defineEngine } from '../../../../src/engines/custom/define-engine.ts'
import { createHandler, type Handler } from '../../../../src/handler.ts'
import { memoryRunLog } from '../../../../src/state/memory-run-log.ts'
import { memoryResponseStore, type ResponseStore } from '../../../../src/state/response-store.ts'
import type { RunLog } from '../../../../src/state/run-log.ts'

const LEASE = 300

const engine = defineEngine({
  label: 'engine',
  models: ['m'],
  async *chat({ messages }, { signal }) {
    if (messages.at(-1)?.content === 'wait') await sleep(5_000, undefined, { signal })
    for (let n = 0; n < 1_000; n++) {
      await sleep(20, undefined, { signal })
      yield `word${n} `
    }
  },
})

const handlers: Handler[] = []

const revivals: (() => void)[] = []

afterEach(async () => {
  for (const revive of revivals.splice(0)) revive()
  for (const handler of handlers.splice(0)) await handler.drain(0)
})

function start(runs: RunLog, responses: ResponseStore) {
  const handler = createHandler({
    engines: [engine],
    log() {},
    authenticate: () => ({ name: 'ann' }),
    state: { runs, responses },
  })
  handlers.push(handler)
  const send = (path: string, method = 'GET') =>
    handler.fetch(new Request(`http://sluice.example${path}`, { method }))
  const status = async (path: string, method?: string) => {
    const { status, error } = (await (await send(path, method)).json()) as Answer
    return error ? `${status} ${error.code}` : status
  }
  return { handler, send, status }
}

interface Answer {
  id: string
  status: string
  error: { code: string } | null
}

/** As `target`, except that calls fail where `fails` says so. */
function failing<T extends object>(target: T, fails: (name: string) => boolean): T {
  return new Proxy(target, {
    get(_, name) {
      const value: unknown = Reflect.get(target, name)
      if (typeof value !== 'function') return value
      return (...given: unknown[]) =>
        name !== 'watch' && fails(String(name))
          ? Promise.reject(new Error('away'))
          : (value.apply(target, given) as unknown)
    },
  })
}

/** A store that gives copies, as one that instances share does. */
function copyingStore(): ResponseStore {
  const store = memoryResponseStore()
  return {
    ...store,
    put: (owner, stored) => store.put(owner, structuredClone(stored)),
    update: (owner, stored) => store.update(owner, structuredClone(stored)),
  }
}

/** A response in the background, at an instance that can be cut off from all that is shared. */
async function begin(input = 'go') {
  const log = memoryRunLog({ lease: LEASE })
  const store = copyingStore()
  let isDead = false
  const dead = () => isDead
  revivals.push(() => {
    isDead = false
  })
  const { handler, status } = start(failing(log, dead), failing(store, dead))
  const response = await handler.fetch(
    new Request('http://sluice.example/v1/responses', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'm', input, background: true }),
    }),
  )
  const { id } = (await response.json()) as Answer
  const die = async () => {
    await sleep(150)
    isDead = true
    await sleep(LEASE + 100)
  }
  return { log, store, die, id, status, path: `/v1/responses/${id}` }
}

const LOST = 'failed instance_lost'

describe('a response in the background whose instance is gone', () => {
  it('has failed for who asks for it, without any stream', async () => {
    const { log, store, die, path } = await begin()
    const { status } = start(log, store)
    await die()
    expect(await status(path)).toBe(LOST)
  })

  it('has failed for who cancels it', async () => {
    const { log, store, die, path } = await begin()
    const { status } = start(log, store)
    await die()
    expect(await status(`${path}/cancel`, 'POST')).toBe(LOST)
    expect(await status(path)).toBe(LOST)
  })

  it('has failed for who stops its stream', async () => {
    const { log, store, die, id, path } = await begin()
    const { send, status } = start(log, store)
    await die()
    const stopped = await send(`/v1/streams/${id}`, 'DELETE')
    expect(await stopped.json()).toMatchObject({ state: 'failed' })
    expect(await status(path)).toBe(LOST)
  })

  it('ends for who follows it although it could not be ended at once', async () => {
    const { log, store, die, id, path } = await begin()
    let left = 1
    const { send, status } = start(
      failing(log, (name) => name === 'bury' && left-- > 0),
      store,
    )
    await die()
    const text = await (await send(`/v1/streams/${id}`)).text()
    expect(text.match(/event: response.failed/g)).toHaveLength(1)
    expect(await status(path)).toBe(LOST)
  })

  it.each(['follow', 'ask'])(
    'fails in the store although that failed at first: %s',
    async (how) => {
      const { log, store, die, id, path } = await begin()
      let left = 1
      const { send, status } = start(
        log,
        failing(store, (name) => name === 'update' && left-- > 0),
      )
      await die()
      if (how === 'follow') await (await send(`/v1/streams/${id}`)).text()
      else await send(path)
      const stored = how === 'follow' ? (await store.get('ann', id))?.response.status : undefined
      expect(stored ?? (await status(path))).toMatch('failed')
    },
  )
})

describe('a response in the background that runs', () => {
  it('is in progress everywhere as soon as its engine answers', async () => {
    const { log, store, path, status } = await begin()
    const elsewhere = start(log, store)
    await expect.poll(() => elsewhere.status(path)).toBe('in_progress')
    expect(await status(path)).toBe('in_progress')
  })

  it('is queued until then', async () => {
    const { log, store, path, status } = await begin('wait')
    expect([await status(path), await start(log, store).status(path)]).toEqual(['queued', 'queued'])
  })
})

it('stops within one wait while what is shared is away', { timeout: 20_000 }, async () => {
  const store = memoryResponseStore()
  const away = failing(memoryRunLog(), () => true)
  const short = defineEngine({
    label: 's',
    models: ['m'],
    chat: async function* () {
      yield 'a'
    },
  })
  const handler = createHandler({
    engines: [short],
    log() {},
    authenticate: () => ({ name: 'ann' }),
    state: { runs: away, responses: store },
  })
  const asked = new Request('http://sluice.example/v1/chat/completions', {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-sluice-resume': '1' },
    body: JSON.stringify({ model: 'm', stream: true, messages: [{ role: 'user', content: 'a' }] }),
  })
  expect(await (await handler.fetch(asked)).text()).toContain('[DONE]')
  const begun = performance.now()
  await handler.drain(15_000)
  expect(performance.now() - begun).toBeLessThan(6_000)
})
