import { describe, expect, it } from 'vitest'
import { createHandler } from '../../../src/handler.ts'
import { memoryLimits } from '../../../src/state/memory-limits.ts'
import { limitsWith } from '../../support/limits.ts'

const ALWAYS = [
  ['GET', '/v1/usage', 200],
  ['POST', '/v1/responses/resp_1/cancel', 404],
  ['DELETE', '/v1/streams/strm_00000000000000000000000000000000', 404],
  ['POST', '/v1/streams/strm_00000000000000000000000000000000/stop', 404],
  ['POST', '/v1/activity/req_1/cancel', 404],
] as const

const stores = {
  memory: () => memoryLimits(),
  'a shared store': () => {
    const memory = memoryLimits()
    return limitsWith(memory, { admit: async (claim) => memory.admit(claim) })
  },
}

describe.each(Object.entries(stores))('with a used-up quota in %s', (_, open) => {
  function asking(limits: object) {
    const { fetch } = createHandler({
      authenticate: () => ({ name: 'ann', ...limits }),
      state: { limits: open() },
    })
    return (method: string, path: string) =>
      fetch(new Request(`http://sluice.example${path}`, { method }))
  }

  it.each(ALWAYS)('%s %s is answered, and counted', async (method, path, status) => {
    const ask = asking({ requestsPerDay: 2, requestsPerMonth: 2, requestsPerMinute: 60 })
    for (const expected of [200, 200, 429]) {
      expect((await ask('GET', '/v1/models')).status).toBe(expected)
    }
    const answer = await ask(method, path)
    expect(answer.status).toBe(status)
    expect(answer.headers.get('x-ratelimit-limit-requests-day')).toBe('2')
    expect(answer.headers.get('x-ratelimit-remaining-requests-day')).toBe('0')
    expect(await (await ask('GET', '/v1/usage')).json()).toMatchObject({
      minute: { requests: { remaining: 56 } },
      day: { requests: { used: 4, limit: 2, remaining: 0 } },
    })
    expect((await ask('GET', '/v1/models')).status).toBe(429)
  })

  it('requests per minute still refuse looks and stops', async () => {
    const ask = asking({ requestsPerDay: 1, requestsPerMinute: 2 })
    expect((await ask('GET', '/v1/models')).status).toBe(200)
    expect((await ask('GET', '/v1/usage')).status).toBe(200)
    const refused = await ask('GET', '/v1/usage')
    expect([refused.status, await refused.text()]).toEqual([
      429,
      expect.stringContaining('limit of 2 requests per minute'),
    ])
  })
})
