import { describe, expect, it } from 'vitest'
import { createHandler } from '../../../src/index.ts'
import { withReadDeadline } from '../../../src/routes/responses/read-deadline.ts'
import { memoryResponseStore, type ResponseStore } from '../../../src/state/response-store.ts'

const never = () => new Promise<never>(() => {})
const broken = async () => {
  throw new Error('connection reset: secret.example')
}

function storeWith(act: () => Promise<never>): ResponseStore {
  return { ...memoryResponseStore(), get: act, item: act, delete: act }
}

describe('reading stored responses', () => {
  it.each([
    ['does not answer', never, /none within 20 ms/],
    ['fails', broken, /an error/],
  ])('is refused with 503 where the store %s', async (_, act, reason) => {
    const store = withReadDeadline(storeWith(act), 20)
    for (const reading of [store.get('', 'a'), store.item('', 'a'), store.delete('', 'a')]) {
      const error = await reading.catch((thrown: unknown) => thrown)
      expect(error).toMatchObject({ status: 503, code: 'state_unavailable' })
      expect(error).toMatchObject({ message: expect.stringMatching(reason) })
      expect(error).toMatchObject({ message: expect.not.stringContaining('secret') })
      expect(error).toMatchObject({ headers: { 'retry-after': '5' } })
    }
  })

  it('is refused so by each route that reads', async () => {
    const log: unknown[] = []
    const { fetch } = createHandler({
      insecure: true,
      state: { responses: storeWith(broken) },
      log: (entry) => log.push(entry),
    })
    const url = 'http://localhost/v1/responses'
    const post = (body: object) => {
      const headers = { 'content-type': 'application/json' }
      return new Request(url, { method: 'POST', headers, body: JSON.stringify(body) })
    }
    const reference = { type: 'item_reference', id: 'msg_1' }
    const asked = [
      post({ previous_response_id: 'resp_1', input: 'Go.' }),
      post({ input: [reference] }),
      new Request(`${url}/resp_1`),
      new Request(`${url}/resp_1`, { method: 'DELETE' }),
      new Request(`${url}/resp_1/input_items`),
      new Request(`${url}/resp_1/cancel`, { method: 'POST' }),
    ]
    for (const request of asked) {
      const response = await fetch(request)
      expect(response.status).toBe(503)
      expect(await response.json()).toMatchObject({ error: { code: 'state_unavailable' } })
    }
    expect(JSON.stringify(log)).toContain('connection reset')
  })
})
