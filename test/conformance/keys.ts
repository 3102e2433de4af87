import OpenAI from 'openai'
import { describe, expect, it } from 'vitest'
import { needs } from '../support/hosts.ts'
import { postChat, readStream } from '../support/read.ts'
import { expectError } from '../support/refusal.ts'
import { logOf, sentFor, tag, useRelay } from '../support/relay.ts'
import { type HostName, runToEnd, startServer } from '../support/server.ts'
import { talk } from '../support/talk.ts'
import { bearer, ENTRIES, entry, KEY, SECRETS } from './keys-entries.ts'
import { limits, takingTurns } from './keys-limits.ts'
import { tokenLimits } from './keys-tokens.ts'
import { usage } from './usage.ts'

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
  usage(relay, ask)

  takingTurns(host)
  tokenLimits(host)

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
      const health = await fetch(`${server.url}/health`, bearer(key))
      expect(await health.json()).not.toHaveProperty('engines')
    },
  )

  it('are made for admins as well', needs(host, 'process'), async () => {
    const { stdout, code } = await runToEnd(host, ['key', 'new', 'root', '--admin'])
    expect(code).toBe(0)
    const [key = ''] = /sluice_[\w-]{43}/.exec(stdout) ?? []
    const [entryText = ''] = /\{"name".*\}/.exec(stdout) ?? []
    expect(JSON.parse(entryText)).toMatchObject({ name: 'root', admin: true })
    await using server = await startServer(host, [], { SLUICE_KEYS: `[${entryText}]` })
    const health = await fetch(`${server.url}/health`, bearer(key))
    expect(await health.json()).toHaveProperty('engines')
    const wrong = await runToEnd(host, ['--admin'])
    expect(wrong.stderr).toContain('--admin: there is no such flag.')
  })

  it('are made for metrics alone, and not for both', needs(host, 'process'), async () => {
    const { stdout, code } = await runToEnd(host, ['key', 'new', 'prom', '--metrics'])
    expect(code).toBe(0)
    const [, entryText = ''] = /(\{"name".*\})/.exec(stdout) ?? []
    expect(JSON.parse(entryText)).toMatchObject({ name: 'prom', metrics: true })
    const both = await runToEnd(host, ['key', 'new', 'prom', '--metrics', '--admin'])
    expect(both.code).not.toBe(0)
    expect(both.stderr).toContain('at most --admin or --metrics')
  })

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
