import { describe, expect, it } from 'vitest'
import type { KeyUsage, KeyUsageList } from '../../src/wire/key-usage/schema.ts'
import { readStream } from '../support/read.ts'
import { expectError } from '../support/refusal.ts'
import type { Relay } from '../support/relay.ts'
import { bearer, KEY } from './keys-entries.ts'

type Ask = (key: string, body?: object) => Promise<Response>

/** The engine counts 13 tokens or fewer of it, and so does the estimate. */
const messages = [{ role: 'user', content: 'x'.repeat(40) }]
const script = { persona: 'openai', words: ['a', 'b'] }
const counted = { messages, script, stream_options: { include_usage: true } }

/** What the engine counts of a request, and the key is charged. */
async function chargeOf(response: Response): Promise<{ used: number; answers: number }> {
  const { outcome, usage } = await readStream(response, { usage: true })
  expect(outcome).toBe('finished')
  const { total_tokens, completion_tokens } = usage as Record<string, number>
  return { used: total_tokens ?? 0, answers: completion_tokens ?? 0 }
}

/** Quotas, and what `GET /v1/usage` says. */
export function usage(relay: Relay, ask: Ask): void {
  const read = (key: string, query = '') => fetch(`${relay.server.base}/usage${query}`, bearer(key))
  const usageOf = async (key: string, query = '') => {
    const response = await read(key, query)
    expect(response.status).toBe(200)
    expect(response.headers.get('cache-control')).toBe('no-store')
    return (await response.json()) as KeyUsage
  }

  describe('a key with a quota', () => {
    it('has so many requests a day, of which those that fail are some', async () => {
      const first = await ask('day-key', { messages: 'none' })
      await expectError(first, 400)
      expect(first.headers.get('x-ratelimit-remaining-requests-day')).toBe('1')
      const second = await ask('day-key')
      expect((await readStream(second)).outcome).toBe('finished')
      expect(second.headers.get('x-ratelimit-limit-requests-day')).toBe('2')
      expect(second.headers.get('x-ratelimit-remaining-requests-day')).toBe('0')
      const models = () => fetch(`${relay.server.base}/models`, bearer('day-key'))
      for (const refused of [await ask('day-key'), await models()]) {
        const wait = Number(refused.headers.get('retry-after'))
        const { code, message } = await expectError(refused, 429)
        expect(code).toBe('rate_limit_exceeded')
        expect(message).toMatch(
          /^You have reached your limit of 2 requests per day\. Retry in \S+, when the next day begins \(UTC\)\.$/,
        )
        expect(wait).toBeGreaterThan(0)
        expect(wait).toBeLessThanOrEqual(86_400)
      }
      // A look at what is left is answered all the same, and counts.
      const { requests } = (await usageOf('day-key')).day
      expect(requests).toEqual({ used: 3, limit: 2, remaining: 0 })
    })

    it('has so many tokens a month, as the engine counts them', async () => {
      const charge = await chargeOf(await ask('month-key', counted))
      await expect
        .poll(async () => (await usageOf('month-key')).month.tokens)
        .toEqual({ ...charge, limit: 20, remaining: 20 - charge.used })
      const { message } = await expectError(await ask('month-key', counted), 429)
      expect(message).toMatch(/^You have reached your limit of 20 tokens per month, and this/)
    })
  })

  describe('what was used', () => {
    it('is counted for a key without limits, and told to it and to admins', async () => {
      const charge = await chargeOf(await ask('use-key', counted))
      await expectError(await ask('use-key', { messages: 'none' }), 400)
      await expect.poll(async () => (await usageOf(KEY, '?name=use')).day.requests.used).toBe(2)
      const own = await usageOf('use-key')
      expect(own).toMatchObject({ object: 'usage', key: 'use', minute: {} })
      expect(own.day.tokens).toEqual(charge)
      expect(own.month.tokens).toEqual(charge)
      expect(own.month.period).toBe(own.day.period.slice(0, 7))
      expect(Date.parse(own.since ?? '')).toBeLessThanOrEqual(Date.now())
      const all = (await (await read(KEY)).json()) as KeyUsageList
      const names = all.data.map(({ key }) => key)
      expect(names).toEqual([...names].sort())
      expect(all.data.find(({ key }) => key === 'two')).toMatchObject({
        concurrency: { limit: 2, running: 0, background: 0 },
      })
      expect(all.data.find(({ key }) => key === 'slow')?.minute.requests?.limit).toBe(3)
    })

    it('is not told of another key, nor of one that there is not', async () => {
      for (const [key, query] of [
        ['use-key', '?name=two'],
        ['use-key', '?name=none'],
        [KEY, '?name=none'],
      ] as const) {
        const { code } = await expectError(await read(key, query), 404)
        expect(code).toBe('not_found')
      }
      expect((await usageOf('use-key', '?name=use')).key).toBe('use')
    })
  })
}
