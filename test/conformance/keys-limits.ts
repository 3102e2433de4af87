import { describe, expect, it } from 'vitest'
import { postChat, readStream } from '../support/read.ts'
import { expectError } from '../support/refusal.ts'
import { type Relay, useRelay } from '../support/relay.ts'
import type { HostName } from '../support/server.ts'
import { pace, talk } from '../support/talk.ts'
import { bearer, ENTRIES, KEY } from './keys-entries.ts'

export function limits(relay: Relay, ask: (key: string, body?: object) => Promise<Response>): void {
  describe('a key with limits', () => {
    it('has so many requests a minute, and is told what is left', async () => {
      for (const left of ['2', '1', '0']) {
        const response = await ask('slow-key')
        expect((await readStream(response)).outcome).toBe('finished')
        expect(response.headers.get('x-ratelimit-limit-requests')).toBe('3')
        expect(response.headers.get('x-ratelimit-remaining-requests')).toBe(left)
        expect(response.headers.get('x-ratelimit-reset-requests')).toMatch(/^(\d+m)?\d+m?s$/)
      }
      const refused = await ask('slow-key')
      const { code, type, message } = await expectError(refused, 429)
      expect({ code, type }).toEqual({ code: 'rate_limit_exceeded', type: 'rate_limit_error' })
      expect(message).toMatch(
        /^You have reached your limit of 3 requests per minute\. Retry in \d+/,
      )
      const wait = Number(refused.headers.get('retry-after'))
      expect(wait).toBeGreaterThan(0)
      expect(wait).toBeLessThanOrEqual(20)
    })

    it('has so many tokens a minute, as the engine counts them', async () => {
      const usage = { prompt_tokens: 40, completion_tokens: 50, total_tokens: 90 }
      const script = { persona: 'openai', words: ['a', 'b'], usage }
      const first = await ask('few-key', { script, stream_options: { include_usage: true } })
      // Some for the prompt, and a quarter for an answer whose length is not known.
      const remaining = Number(first.headers.get('x-ratelimit-remaining-tokens'))
      expect(remaining).toBeGreaterThan(60)
      expect(remaining).toBeLessThan(75)
      const { usage: counted } = await readStream(first, { usage: true })
      const second = await ask('few-key')
      const left = Number(second.headers.get('x-ratelimit-remaining-tokens'))
      await second.body?.cancel()
      const used = (counted as { total_tokens: number }).total_tokens
      expect(left).toBeLessThanOrEqual(100 - used)
      expect(left).toBeGreaterThanOrEqual(100 - used - 10)
    })

    it('has them for embeddings too, as counted, or guessed where nothing counts', async () => {
      const remaining = async (path: string, body: object) => {
        const response = await fetch(`${relay.server.base}/${path}`, {
          method: 'POST',
          headers: { ...bearer('vec-key').headers, 'content-type': 'application/json' },
          body: JSON.stringify({ model: 'small-1', ...body }),
        })
        expect(response.status, await response.text()).toBe(200)
        return Number(response.headers.get('x-ratelimit-remaining-tokens'))
      }
      const input = 'x'.repeat(160)
      expect(await remaining('embeddings', { input })).toBe(60)
      // One was used; a little trickles in meanwhile.
      expect(await remaining('embeddings', { input })).toBeOneOf([59, 60])
      const uncounted = { vectors: 'uncounted' }
      expect(await remaining('embeddings', { input, script: uncounted })).toBeOneOf([58, 59, 60])
      expect(await remaining('embeddings', { input })).toBeLessThanOrEqual(25)
    })

    it('has them for text completions, by their prompts and their usage', async () => {
      const remaining = async (prompt: unknown) => {
        const response = await fetch(`${relay.server.base}/completions`, {
          method: 'POST',
          headers: { ...bearer('txt-key').headers, 'content-type': 'application/json' },
          body: JSON.stringify({ model: 'small-1', prompt }),
        })
        expect(response.status, await response.text()).toBe(200)
        return Number(response.headers.get('x-ratelimit-remaining-tokens'))
      }
      // 40 for the prompts, and a quarter of the minute for the answers.
      expect(await remaining(['x'.repeat(80), 'y'.repeat(80)])).toBe(35)
      // Two prompts of 3 and two answers of 6 were used, and a little trickles in.
      const left = await remaining(Array(40).fill(1))
      expect(left).toBeGreaterThanOrEqual(36)
      expect(left).toBeLessThanOrEqual(49)
    })

    it('has so many streams at once, and those that ended or were left count no more', async () => {
      const script = pace(300, 20)
      const open = [await ask('two-key', { script }), await ask('two-key', { script })]
      const { code } = await expectError(await ask('two-key', { script }), 429)
      expect(code).toBe('rate_limit_exceeded')
      for (const response of open) await response.body?.cancel()
      await expect
        .poll(
          async () => {
            const again = await ask('two-key')
            await again.body?.cancel()
            return again.status
          },
          { timeout: 8_000, interval: 100 },
        )
        .toBe(200)
    })

    it('does not limit the others', async () => {
      expect((await readStream(await ask(KEY))).outcome).toBe('finished')
      expect(relay.upstream.requests.length).toBeGreaterThan(5)
    })
  })
}

/** One engine that takes one request at a time, and two clients who want it. */
export function takingTurns(host: HostName): void {
  describe('where engines have all they take', () => {
    const relay = useRelay(host, {
      flags: ['--max-concurrency', '1'],
      env: { SLUICE_KEYS: JSON.stringify(ENTRIES.slice(0, 2)) },
      upstream: { models: [{ id: 'small-1' }] as never },
    })

    it('lets a client in turn before a busy one has had all of its', async () => {
      const script = talk('hello', { wait: 500 })
      const ask = async (key: string) => {
        const response = await postChat(
          relay.server.base,
          { model: 'small-1', script },
          bearer(key),
        )
        expect((await readStream(response)).outcome).toBe('finished')
      }
      const busy = Array.from({ length: 5 }, () => ask(KEY))
      // All five are there before the other one comes.
      const waiting = async () => {
        const health = await fetch(`${relay.server.url}/health`, bearer(KEY))
        return ((await health.json()) as { waiting: number }).waiting
      }
      await expect.poll(waiting, { timeout: 4_000 }).toBe(4)
      const other = ask('bob-key')
      await Promise.all([...busy, other])
      const chats = () => relay.server.log.filter(({ path }) => path.endsWith('/completions'))
      const names = () => chats().flatMap(({ key }) => key ?? [])
      await expect.poll(names).toHaveLength(6)
      const order = names()
      expect(order.indexOf('bob')).toBeLessThanOrEqual(3)
    })
  })
}
