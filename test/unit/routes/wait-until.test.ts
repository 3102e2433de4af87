import { expect, it, vi } from 'vitest'
import { createHandler, createHostedHandler } from '../../../src/handler.ts'
import { memoryLimits } from '../../../src/state/memory-limits.ts'
import { memoryResponseStore, type ResponseStore } from '../../../src/state/response-store.ts'
import { limitsWith } from '../../support/limits.ts'

const later = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** A runtime that ends with the promises it was given. */
function runtime() {
  const promises: Promise<unknown>[] = []
  return {
    // Of a Worker's context it is a method.
    waitUntil(promise: Promise<unknown>) {
      if (this === undefined) throw new TypeError('Illegal invocation')
      promises.push(promise)
    },
    get count() {
      return promises.length
    },
    /** Settles with all promises, those that are added meanwhile too. */
    async settled() {
      for (let known = 0; known < promises.length; ) {
        known = promises.length
        await Promise.all(promises)
      }
    },
  }
}

function post(path: string, body: object, headers: Record<string, string> = {}): Request {
  return new Request(`http://sluice.example${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ model: 'static', ...body }),
  })
}

const messages = [{ role: 'user', content: 'Hi' }]

/** A store that takes its time. */
function slowStore(): ResponseStore & { done: string[] } {
  const store = memoryResponseStore()
  const done: string[] = []
  return {
    ...store,
    done,
    async put(owner, kept) {
      await store.put(owner, kept)
    },
    async update(owner, kept) {
      const { status } = kept.response
      await later(50)
      await store.update(owner, kept)
      done.push(status ?? '')
    },
  }
}

it('is told of a response that is stored behind its stream', async () => {
  const responses = slowStore()
  const { fetch } = createHandler({ insecure: true, staticDelay: 0, state: { responses } })
  const lent = runtime()
  const response = await fetch(post('/v1/responses', { input: 'Hi', stream: true }), lent)
  await response.text()
  expect(responses.done).not.toContain('completed')
  await lent.settled()
  expect(responses.done).toContain('completed')
})

it('is told of what is given back to a limit behind its stream', async () => {
  const memory = memoryLimits()
  const settled: unknown[] = []
  const limits = limitsWith(memory, {
    async settle(permit, used) {
      await later(50)
      settled.push(used)
      await memory.settle(permit, used)
    },
  })
  const { fetch } = createHandler({
    authenticate: () => ({ name: 'ann', tokensPerMinute: 1_000, maxConcurrency: 2 }),
    staticDelay: 0,
    state: { limits },
  })
  const lent = runtime()
  const asked = post('/v1/chat/completions', { messages, stream: true })
  // As a Worker is called: the environment, then the context.
  await (await fetch(asked, { KEY: 'value' }, lent)).text()
  expect(settled).toEqual([])
  await lent.settled()
  expect(settled).toHaveLength(1)
})

it('keeps a runtime up until the client has taken the last of a stream, or is gone', async () => {
  const { fetch } = createHandler({ insecure: true, staticDelay: 5 })
  const lent = runtime()
  let isOver = false
  const response = await fetch(post('/v1/chat/completions', { messages, stream: true }), lent)
  expect(lent.count).toBeGreaterThan(0)
  void lent.settled().then(() => {
    isOver = true
  })
  await later(50)
  expect(isOver).toBe(false)
  await response.body?.cancel()
  await expect.poll(() => isOver).toBe(true)
})

it('fails no request where it throws', async () => {
  const error = vi.spyOn(console, 'error').mockImplementation(() => {})
  const { fetch } = createHandler({ insecure: true, staticDelay: 0 })
  const lent = {
    waitUntil() {
      throw new Error('the event has ended')
    },
  }
  const response = await fetch(post('/v1/chat/completions', { messages, stream: true }), lent)
  expect(await response.text()).toContain('[DONE]')
  expect(error).toHaveBeenCalled()
  error.mockRestore()
})

it('need not be there', async () => {
  const { fetch } = createHandler({ insecure: true, staticDelay: 0 })
  for (const lent of [[], [undefined], [{ port: 1 }, null], [{ waitUntil: 'no' }]]) {
    const response = await fetch(post('/v1/chat/completions', { messages }), ...lent)
    expect(response.status).toBe(200)
  }
})

it('counts as absent where it cannot be read', async () => {
  const { fetch } = createHandler({ insecure: true, staticDelay: 0 })
  const lent = {
    get waitUntil() {
      throw new Error('this context has no executionCtx')
    },
  }
  const response = await fetch(post('/v1/chat/completions', { messages }), lent)
  expect(response.status).toBe(200)
})

it('lets a response run in the background where requests are isolated', async () => {
  const { fetch } = createHostedHandler(
    { discover: false, insecure: true, staticDelay: 5 },
    { isolateRequests: true },
  )
  const asked = { input: 'Hi', background: true }
  const refused = await fetch(post('/v1/responses', asked))
  expect(refused.status).toBe(400)
  const lent = runtime()
  const { id, status } = (await (await fetch(post('/v1/responses', asked), lent)).json()) as {
    id: string
    status: string
  }
  expect(status).toBe('queued')
  const get = async (query = '') =>
    fetch(new Request(`http://sluice.example/v1/responses/${id}${query}`))
  const following = await get('?stream=true')
  expect(following.status).toBe(400)
  expect(await following.text()).toContain('the response is still running')
  await lent.settled()
  expect(await (await get()).json()).toMatchObject({ status: 'completed' })
  expect(await (await get('?stream=true')).text()).toContain('response.completed')
})

it('stops one that another request cancels, at its next heartbeat', async () => {
  const { fetch } = createHostedHandler(
    { discover: false, insecure: true, staticDelay: 60_000, heartbeat: 20 },
    { isolateRequests: true },
  )
  const lent = runtime()
  const created = await fetch(post('/v1/responses', { input: 'Hi', background: true }), lent)
  const { id } = (await created.json()) as { id: string }
  await fetch(post(`/v1/responses/${id}/cancel`, {}))
  await lent.settled()
  const found = await fetch(new Request(`http://sluice.example/v1/responses/${id}`))
  expect(await found.json()).toMatchObject({ status: 'cancelled' })
})
