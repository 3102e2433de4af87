import { afterEach, describe, expect, it, vi } from 'vitest'
import { defineEngine } from '../../../src/engines/custom/define-engine.ts'
import { createHostedHandler } from '../../../src/handler.ts'
import type { HandlerHost } from '../../../src/options.ts'

/** An engine that never answers. */
const silent = defineEngine({
  label: 'silent',
  models: ['m'],
  async *chat(_request, { signal }) {
    await new Promise((_resolve, reject) => signal.addEventListener('abort', reject))
    yield ''
  },
}) as unknown as NonNullable<HandlerHost['engines']>[number]

/** A handler that takes the name of a caller from a header. */
function handler(maxBackground: number, isolateRequests = false) {
  const { fetch } = createHostedHandler(
    { maxBackground },
    {
      engines: [silent],
      isolateRequests,
      authenticate: (request) => ({ name: request.headers.get('x-user') ?? '' }),
    },
  )
  const ask = async (user: string, path: string, method: string, body?: object) =>
    fetch(
      new Request(`http://sluice.example/v1/responses${path}`, {
        method,
        headers: { 'content-type': 'application/json', 'x-user': user },
        ...(body && { body: JSON.stringify(body) }),
      }),
      { waitUntil() {} },
    )
  /** Starts a response in the background; its id, or the refusal's code. */
  const start = async (user: string): Promise<string> => {
    const response = await ask(user, '', 'POST', { model: 'm', input: 'Hi', background: true })
    const { id, error } = (await response.json()) as { id?: string; error?: { code: string } }
    return id ?? error?.code ?? ''
  }
  return { ask, start }
}

const FULL = 'too_many_background'

afterEach(() => {
  vi.useRealTimers()
})

describe('places for responses in the background', () => {
  it('go to each key as long as it has fewer than are free', async () => {
    const { ask, start } = handler(32)
    const counts: Record<string, number> = {}
    const ids: string[] = []
    for (const user of ['ann', 'bob', 'cat', 'dan', 'eve', 'fay']) {
      counts[user] = 0
      for (let id = await start(user); id !== FULL; id = await start(user)) {
        counts[user]++
        if (user === 'ann') ids.push(id)
      }
    }
    expect(counts).toEqual({ ann: 16, bob: 8, cat: 4, dan: 2, eve: 1, fay: 1 })
    expect(await start('new')).toBe(FULL)
    for (const id of ids.slice(0, 2)) await ask('ann', `/${id}/cancel`, 'POST')
    expect(await start('ann')).toBe(FULL)
    expect(await start('new')).toMatch(/^resp_/)
  })

  it('are taken by a deleted response until it has stopped', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
    const { ask, start } = handler(1, true)
    const id = await start('ann')
    expect((await ask('ann', `/${id}`, 'DELETE')).status).toBe(200)
    expect(await start('ann')).toBe(FULL)
    expect((await ask('ann', `/${id}`, 'GET')).status).toBe(404)
    await vi.advanceTimersByTimeAsync(11_000)
    expect(await start('ann')).toMatch(/^resp_/)
    expect((await ask('ann', `/${id}?stream=true`, 'GET')).status).toBe(404)
  })

  it('come back where a runtime ended a response without a word', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
    const { start } = handler(1, true)
    expect(await start('ann')).toMatch(/^resp_/)
    // Its timers are gone with it.
    vi.clearAllTimers()
    await vi.advanceTimersByTimeAsync(44_000)
    expect(await start('ann')).toBe(FULL)
    await vi.advanceTimersByTimeAsync(2_000)
    expect(await start('ann')).toMatch(/^resp_/)
    // This one still runs, although nothing else is heard of it than heartbeats.
    await vi.advanceTimersByTimeAsync(100_000)
    expect(await start('ann')).toBe(FULL)
  })
})
