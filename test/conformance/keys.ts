import { createHash } from 'node:crypto'
import OpenAI from 'openai'
import { describe, expect, it } from 'vitest'
import type { KeyInput } from '../../src/settings/settings.ts'
import { needs } from '../support/hosts.ts'
import { postChat, readStream } from '../support/read.ts'
import { expectError } from '../support/refusal.ts'
import { logOf, type Relay, sentFor, tag, useRelay } from '../support/relay.ts'
import { type HostName, runToEnd, startServer } from '../support/server.ts'
import { pace, talk } from '../support/talk.ts'

const KEY = 'sluice_the-right-key-0123456789'
const SECRETS = ['upstream-secret-0123', KEY]

function entry(name: string, key: string, more: Partial<KeyInput> = {}): KeyInput {
  return { name, hash: `sha256:${createHash('sha256').update(key).digest('hex')}`, ...more }
}

const ENTRIES = [
  entry('ann', KEY),
  entry('bob', 'bob-key', { models: ['small*', 'tiny'] }),
  entry('old', 'old-key', { expires: '2026-01-31' }),
  entry('off', 'off-key', { disabled: true }),
  entry('slow', 'slow-key', { requestsPerMinute: 3 }),
  entry('few', 'few-key', { tokensPerMinute: 100 }),
  entry('two', 'two-key', { maxConcurrency: 2 }),
  entry('vec', 'vec-key', { tokensPerMinute: 100 }),
  entry('txt', 'txt-key', { tokensPerMinute: 100 }),
]

const bearer = (key: string) => ({ headers: { authorization: `Bearer ${key}` } })

/** Who may ask by the key a request presents, and how much. */
export function keys(host: HostName): void {
  const relay = useRelay(host, {
    env: { SLUICE_KEYS: JSON.stringify(ENTRIES), SLUICE_UPSTREAM_KEY: SECRETS[0] as string },
    upstream: { models: ['small-1', 'tiny', 'large'].map((id) => ({ id })) as never },
  })

  function ask(key: string, body: object = {}) {
    return postChat(relay.server.base, { script: talk('hello'), ...body }, bearer(key))
  }

  describe('a key that is right', () => {
    it('lets in, by either header, and its name is in the log', async () => {
      const response = await ask(KEY)
      expect((await readStream(response)).outcome).toBe('finished')
      expect(await logOf(relay.server, response)).toMatchObject({ key: 'ann', status: 200 })
      const other = await postChat(
        relay.server.base,
        { script: talk('hello') },
        { headers: { 'x-api-key': KEY } },
      )
      expect((await readStream(other)).outcome).toBe('finished')
    })

    it('works in the SDK', async () => {
      const client = new OpenAI({ baseURL: relay.server.base, apiKey: KEY, maxRetries: 0 })
      const { data } = await client.models.list()
      expect(data.map(({ id }) => id)).toEqual(['small-1', 'tiny', 'large', 'static'])
      const wrong = new OpenAI({ baseURL: relay.server.base, apiKey: 'sk-none', maxRetries: 0 })
      await expect(wrong.models.list()).rejects.toThrow(OpenAI.AuthenticationError)
    })

    it('never reaches an upstream, nor does its key a client', async () => {
      const body = tag({ script: talk('hello') })
      const read = await readStream(await ask(KEY, body))
      const [sent] = sentFor(relay, body)
      expect(sent?.headers.authorization).toBe(`Bearer ${SECRETS[0]}`)
      expect(JSON.stringify(sent?.headers)).not.toContain(KEY)
      expect(read.raw + JSON.stringify([...read.headers])).not.toContain(SECRETS[0])
    })
  })

  describe('is refused with 401', () => {
    it.each<[string, Record<string, string>, string?]>([
      ['none', {}],
      ['a wrong one', { authorization: 'Bearer wrong' }],
      ['the beginning of a right one', { authorization: `Bearer ${KEY.slice(0, -1)}` }],
      ['a right one and more', { authorization: `Bearer ${KEY}x` }],
      ['a right one with a space in it', { authorization: `Bearer ${KEY} x` }],
      ['a right one in capitals', { authorization: `Bearer ${KEY.toUpperCase()}` }],
      ['a right one without its scheme', { authorization: KEY }],
      ['a right one by another scheme', { authorization: `Basic ${KEY}` }],
      ['its hash', { authorization: `Bearer ${entry('', KEY).hash}` }],
      ['an empty one', { 'x-api-key': '' }],
      ['two that differ', { authorization: `Bearer ${KEY}`, 'x-api-key': 'bob-key' }],
      ['one in the query', {}, `?key=${KEY}`],
      [
        'one in the query beside a right one',
        { authorization: `Bearer ${KEY}` },
        `?api_key=${KEY}`,
      ],
      ['one that expired', { authorization: 'Bearer old-key' }],
      ['one that is disabled', { authorization: 'Bearer off-key' }],
    ])('%s', async (_, headers, query = '') => {
      const response = await fetch(`${relay.server.base}/models${query}`, { headers })
      const { type, message } = await expectError(response, 401)
      expect(type).toBe('authentication_error')
      expect(response.headers.get('www-authenticate')).toMatch(/^Bearer /)
      expect(message).not.toContain(KEY)
    })

    it('on every route of the API, before a body is read or a route is looked for', async () => {
      const url = relay.server.base
      for (const path of ['/models', '/models/x', '/none', '/chat/completions', '/embeddings']) {
        await expectError(await fetch(url + path), 401)
        await expectError(await fetch(url + path, { method: 'POST', body: 'no json' }), 401)
      }
    })

    it('but not for the page, a preflight or whether sluice runs', async () => {
      const { url, base } = relay.server
      expect((await fetch(`${url}/health`)).status).toBe(200)
      expect((await fetch(`${base}/models`, { method: 'OPTIONS' })).status).toBe(204)
      const page = await (await fetch(`${url}/status`)).text()
      expect(page).toContain('needs a key')
      expect(page).not.toContain('small-1')
    })

    it('in any case of the scheme, with spaces between, it is right', async () => {
      const headers = { authorization: `bearer   ${KEY}` }
      expect((await fetch(`${relay.server.base}/models`, { headers })).status).toBe(200)
    })
  })

  describe('a key for some models', () => {
    it('sees those, and is refused others with 403', async () => {
      const list = await fetch(`${relay.server.base}/models`, bearer('bob-key'))
      const { data } = (await list.json()) as { data: { id: string }[] }
      expect(data.map(({ id }) => id)).toEqual(['small-1', 'tiny'])
      expect((await readStream(await ask('bob-key', { model: 'tiny' }))).outcome).toBe('finished')
      const { code, param } = await expectError(await ask('bob-key', { model: 'large' }), 403)
      expect({ code, param }).toEqual({ code: 'model_not_allowed', param: 'model' })
      await expectError(await fetch(`${relay.server.base}/models/large`, bearer('bob-key')), 403)
      await expectError(await ask('bob-key', { model: 'static' }), 403)
    })

    it('is held to them where the model is chosen for it', async () => {
      const response = await ask('bob-key', { model: null })
      expect((await readStream(response)).outcome).toBe('finished')
      expect(await logOf(relay.server, response)).toMatchObject({ model: 'small-1' })
    })
  })

  limits(relay, ask)

  takingTurns(host)

  it(
    'are made by the command, and the entry it prints lets that key in',
    needs(host, 'process'),
    async () => {
      const { stdout, code } = await runToEnd(host, ['key', 'new', 'laptop'])
      expect(code).toBe(0)
      const [key = ''] = /sluice_[\w-]{43}/.exec(stdout) ?? []
      const [entryText = ''] = /\{"name".*\}/.exec(stdout) ?? []
      await using server = await startServer(host, [], { SLUICE_KEYS: `[${entryText}]` })
      expect(server.stderr()).toContain('Clients need an API key.')
      expect((await fetch(`${server.base}/models`, bearer(key))).status).toBe(200)
      expect((await fetch(`${server.base}/models`)).status).toBe(401)
      expect(server.stdout() + server.stderr()).not.toContain(key)
    },
  )

  it('are never logged', () => {
    const said = relay.server.stdout() + relay.server.stderr()
    expect(said).toContain('"key":"ann"')
    const all = [...SECRETS, ...ENTRIES.map(({ name }) => `${name}-key`), ...hashes()]
    for (const secret of all) expect(said).not.toContain(secret)
  })
}

function hashes(): string[] {
  return ENTRIES.map(({ hash }) => hash.slice('sha256:'.length))
}

function limits(relay: Relay, ask: (key: string, body?: object) => Promise<Response>): void {
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
      expect(message).toMatch(/limit of requests a minute: 3\. Ask again in \d+/)
      const wait = Number(refused.headers.get('retry-after'))
      expect(wait).toBeGreaterThan(0)
      expect(wait).toBeLessThanOrEqual(20)
    })

    it('has so many tokens a minute, as the engine counts them', async () => {
      const usage = { prompt_tokens: 40, completion_tokens: 50, total_tokens: 90 }
      const script = { persona: 'openai', words: ['a', 'b'], usage }
      const first = await ask('few-key', { script, stream_options: { include_usage: true } })
      expect(first.headers.get('x-ratelimit-remaining-tokens')).toBe('98')
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
      expect(await remaining(['x'.repeat(80), 'y'.repeat(80)])).toBe(60)
      // Two prompts of 3 and two answers of 6 were used, and a little trickles in.
      const left = await remaining(Array(40).fill(1))
      expect(left).toBeGreaterThanOrEqual(42)
      expect(left).toBeLessThanOrEqual(55)
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
function takingTurns(host: HostName): void {
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
