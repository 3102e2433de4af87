/** A store of responses that takes its time, or fails. */
import { describe, expect, it, vi } from 'vitest'
import { defineEngine } from '../../../src/engines/custom/define-engine.ts'
import { createHandler } from '../../../src/handler.ts'
import type { LogEntry } from '../../../src/platform/log.ts'
import { recordResponse } from '../../../src/routes/responses/recorder.ts'
import { memoryResponseStore, type ResponseStore } from '../../../src/state/response-store.ts'
import { inBackground } from '../../../src/util/background.ts'
import type { ResponseObject } from '../../../src/wire/responses/request.ts'

const later = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** Copies what it stores when it is called, and is done later: `put` much later than `update`. */
function slowStore() {
  const store = memoryResponseStore()
  const calls: string[] = []
  const slow = (name: 'put' | 'update', ms: number): ResponseStore['put'] => {
    return async (owner, stored) => {
      const copy = structuredClone(stored)
      calls.push(`${name} ${copy.response.status}`)
      await later(ms)
      await store[name](owner, copy)
    }
  }
  return { ...store, put: slow('put', 50), update: slow('update', 5), calls }
}

const quick = defineEngine({
  label: 'quick',
  models: ['quick'],
  async *chat() {
    yield 'one'
  },
})

const lasting = defineEngine({
  label: 'lasting',
  models: ['lasting'],
  async *chat(_request, { signal }) {
    yield 'one'
    await new Promise((resolve) => signal.addEventListener('abort', resolve))
  },
})

function handlerWith(responses: ResponseStore) {
  const log: LogEntry[] = []
  const { fetch } = createHandler({
    engines: [quick, lasting],
    insecure: true,
    state: { responses },
    log: (entry) => log.push(entry),
  })
  const ask = (fields: object, path = '') =>
    fetch(
      new Request(`http://sluice.example/v1/responses${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ model: 'quick', input: 'Hi', ...fields }),
      }),
    )
  const get = async (id: string) => {
    const response = await fetch(new Request(`http://sluice.example/v1/responses/${id}`))
    return response.ok ? ((await response.json()) as ResponseObject) : undefined
  }
  return { ask, get, log }
}

async function idIn(response: Response): Promise<string> {
  const { value } = (await response.body?.getReader().read()) ?? {}
  return /"id":"(resp_[^"]+)"/.exec(new TextDecoder().decode(value))?.[1] ?? ''
}

describe('a store that takes its time', () => {
  it('has a complete response, in one call, before that is sent', async () => {
    const store = slowStore()
    const { ask, get } = handlerWith(store)
    const { id } = (await (await ask({})).json()) as { id: string }
    expect(await get(id)).toMatchObject({ status: 'completed', output: [{ type: 'message' }] })
    expect(store.calls).toEqual(['put completed'])
  })

  it('has a streamed response before its first event is sent, and its end after that', async () => {
    const { ask, get } = handlerWith(slowStore())
    const id = await idIn(await ask({ stream: true }))
    expect(await get(id)).toMatchObject({ id })
    await expect.poll(() => get(id)).toMatchObject({ status: 'completed', output: [{}] })
  })

  it('has a response in the background before a client learns its id, and its end after that', async () => {
    const store = slowStore()
    const { ask, get } = handlerWith(store)
    const { id } = (await (await ask({ background: true })).json()) as { id: string }
    expect(await get(id)).toMatchObject({ status: 'queued' })
    await expect.poll(() => get(id)).toMatchObject({ status: 'completed', output: [{}] })
    expect(store.calls).toEqual(['put queued', 'update completed'])
  })

  it('learns of one that is cancelled, whose client is told at once', async () => {
    const { ask, get } = handlerWith(slowStore())
    const asked = await ask({ model: 'lasting', background: true })
    const { id } = (await asked.json()) as { id: string }
    expect(await (await ask({}, `/${id}/cancel`)).json()).toMatchObject({ status: 'cancelled' })
    await expect.poll(() => get(id)).toMatchObject({ status: 'cancelled' })
  })

  it('lets no more run in the background at once than a quick one', async () => {
    const store = slowStore()
    const { ask } = handlerWith(store)
    const asked = Array.from({ length: 34 }, () => ask({ model: 'lasting', background: true }))
    const statuses = (await Promise.all(asked)).map(({ status }) => status)
    expect(statuses.filter((status) => status === 503)).toHaveLength(2)
    await expect.poll(() => store.calls.filter((call) => call === 'update failed')).toHaveLength(2)
  })

  it('learns of a client that left before the first event', async () => {
    const store = slowStore()
    const { fetch } = createHandler({
      engines: [lasting],
      insecure: true,
      state: { responses: store },
    })
    const client = new AbortController()
    const asking = fetch(
      new Request('http://sluice.example/v1/responses', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ model: 'lasting', input: 'Hi', stream: true }),
        signal: client.signal,
      }),
    )
    await expect.poll(() => store.calls).toEqual(['put in_progress'])
    client.abort()
    expect((await asking).status).toBe(499)
    await expect.poll(() => store.calls).toEqual(['put in_progress', 'update cancelled'])
  })
})

describe('a store that fails', () => {
  it.each([{}, { stream: true }, { background: true }])(
    'refuses the response before anything is sent: %j',
    async (fields) => {
      const put = () => Promise.reject(new Error('SECRET is down'))
      const update = vi.fn(async () => {})
      const { ask, log } = handlerWith({ ...memoryResponseStore(), put, update })
      const response = await ask(fields)
      expect(response.status).toBe(503)
      expect(response.headers.get('retry-after')).toBe('5')
      const text = await response.text()
      expect(text).toContain('response_not_stored')
      expect(text).not.toContain('SECRET')
      await expect.poll(() => log[0]?.cause).toContain('SECRET is down')
      expect(update).not.toHaveBeenCalled()
      expect((await ask({ ...fields, background: false, store: false })).status).toBe(200)
    },
  )

  it('is told to the console where it fails after the response was begun', async () => {
    const error = vi.spyOn(console, 'error').mockImplementation(() => {})
    const update = () => Promise.reject(new Error('down'))
    const { ask } = handlerWith({ ...memoryResponseStore(), update })
    expect(await (await ask({ stream: true })).text()).toContain('response.completed')
    await expect.poll(() => String(error.mock.calls[0]?.[0])).toContain('update failed')
    error.mockRestore()
  })

  it('that never answers is waited for no longer than the limit', async () => {
    const store = { ...memoryResponseStore(), put: () => new Promise<void>(() => {}) }
    const trace = { afterwards: (act: () => unknown) => void inBackground(act) }
    const recorder = recordResponse(trace, store, 'ann', [], 20)
    const response = { id: 'resp_1', status: 'queued', output: [] } as unknown as ResponseObject
    await expect(recorder.begin(response)).rejects.toMatchObject({ status: 503 })
  })
})
