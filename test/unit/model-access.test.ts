import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { createHostedHandler } from '../../src/handler.ts'
import type { Fetch } from '../../src/platform/fetch.ts'
import type { SettingsInput } from '../../src/settings/settings.ts'

const messages = [{ role: 'user', content: 'Hi' }]
const hash = (key: string) => `sha256:${createHash('sha256').update(key).digest('hex')}`

/** Every route that asks a model. */
const ROUTES: Record<string, [path: string, body: object]> = {
  chat: ['/v1/chat/completions', { messages }],
  'a streamed chat': ['/v1/chat/completions', { messages, stream: true }],
  completions: ['/v1/completions', { prompt: 'Hi' }],
  embeddings: ['/v1/embeddings', { input: 'Hi' }],
  messages: ['/v1/messages', { messages, max_tokens: 5 }],
  'streamed messages': ['/v1/messages', { messages, max_tokens: 5, stream: true }],
  'a count of tokens': ['/v1/messages/count_tokens', { messages }],
  responses: ['/v1/responses', { input: 'Hi' }],
  'a streamed response': ['/v1/responses', { input: 'Hi', stream: true }],
  'a response in the background': ['/v1/responses', { input: 'Hi', background: true }],
}

const OVERFLOW = { error: { message: 'too long', code: 'context_length_exceeded' } }

interface World extends SettingsInput {
  /** What the upstream lists. */
  lists?: object[]
  /** What the key may use. */
  models?: string[]
}

/** A handler whose one key is `k`, in front of an upstream that refuses `small` as too long. */
function world({ lists = [], models = ['small'], ...settings }: World) {
  const asked: unknown[] = []
  const upstream: Fetch = async (url, { body }) => {
    if (new URL(url).pathname.endsWith('/models')) return Response.json({ data: lists })
    const { model } = JSON.parse(String(body ?? '{}')) as { model?: string }
    asked.push(model)
    return Response.json(OVERFLOW, { status: 400 })
  }
  const { fetch } = createHostedHandler(
    {
      upstream: [{ label: 'gpu', url: 'http://gpu/v1' }],
      discover: false,
      keys: [{ name: 'guest', hash: hash('k'), models }],
      ...settings,
    },
    { fetch: upstream },
  )
  const ask = (path: string, body?: object) => {
    const headers = { 'content-type': 'application/json', authorization: 'Bearer k' }
    const post = { method: 'POST', body: JSON.stringify(body) }
    return fetch(new Request(`http://localhost${path}`, { headers, ...(body && post) }))
  }
  return { ask, asked }
}

const ids = (...names: string[]) => names.map((id) => ({ id }))

/** What leads to a model that the key may not use, and the model of the request. */
const WAYS: Record<string, [world: World, model: string | undefined]> = {
  'its name': [{ lists: ids('big', 'small') }, 'big'],
  'its name, which nobody lists': [{}, 'big'],
  'its name with :latest': [{ lists: ids('big') }, 'big:latest'],
  'its name at the upstream': [
    { upstream: [{ label: 'gpu', url: 'http://gpu/v1', rewrite: { small: 'big' } }] },
    'big',
  ],
  'an alias': [{ lists: ids('big'), alias: { chat: 'big' } }, 'chat'],
  'no name, where it is all there is': [{ lists: ids('big') }, undefined],
  'no name, where it is the default': [{ lists: ids('big'), model: 'big' }, undefined],
  'no name, where the default is an alias of it': [
    { lists: ids('big'), model: 'chat', alias: { chat: 'big' } },
    undefined,
  ],
  'no name, where the upstream would choose': [{}, undefined],
  'no name, where only the fixed text is there': [{ upstream: [] }, undefined],
  'the fixed text': [{ lists: ids('small') }, 'static'],
}

describe.each(Object.entries(ROUTES))('%s', (name, [path, body]) => {
  for (const nativeApis of [[], ['messages', 'responses'] as const]) {
    const native = (settings: World): World => {
      const given = settings.upstream ?? [{ label: 'gpu', url: 'http://gpu/v1' }]
      const upstream = (given as object[]).map((each) => ({ ...each, nativeApis }))
      return { ...settings, upstream: upstream as never }
    }
    const how = nativeApis.length > 0 ? 'forwarded' : 'as a chat'

    it.each(Object.entries(WAYS))(`(${how}) does not reach it by %s`, async (_, [given, model]) => {
      const { ask, asked } = world(native(given))
      const response = await ask(path, { ...body, model })
      const text = await response.text()
      expect(response.status, text).toBe(403)
      expect(text).toContain('you may not use')
      expect(asked).toEqual([])
    })

    it(`(${how}) does not reach it as the larger one`, async () => {
      const { ask, asked } = world(
        native({ lists: ids('small', 'big'), contextFallback: { small: 'big' }, retry: false }),
      )
      const response = await ask(path, { ...body, model: 'small' })
      const text = await response.text()
      if (name !== 'a response in the background') {
        expect(response.status, text).toBe(400)
        expect(text).toContain('too long')
      }
      await new Promise((resolve) => setTimeout(resolve, 5))
      expect(new Set(asked)).toEqual(new Set(['small']))
    })

    it(`(${how}) reaches what it may use by no name`, async () => {
      for (const settings of [{}, { model: 'big' }] satisfies World[]) {
        const { ask, asked } = world(native({ lists: ids('big', 'small'), ...settings }))
        await (await ask(path, { ...body })).text()
        await new Promise((resolve) => setTimeout(resolve, 5))
        expect(new Set(asked)).toEqual(new Set(['small']))
      }
    })
  }
})

describe('a name that a key may use', () => {
  it.each<[string, World, string | undefined]>([
    ['an alias', { lists: ids('big'), alias: { small: 'big' } }, 'small'],
    ['an alias, where none is named', { lists: ids('big'), alias: { small: 'big' } }, undefined],
    ['a default alias', { lists: ids('x', 'big'), model: 'small', alias: { small: 'big' } }, ''],
    ['a name of the server’s own', { lists: [{ id: 'big', aliases: ['small'] }] }, 'small'],
  ])('leads to what it stands for: %s', async (_, settings, model) => {
    const { ask, asked } = world(settings)
    await (await ask('/v1/chat/completions', { messages, model })).text()
    expect(asked).toEqual(['big'])
  })

  it('is a pattern, and * stands for all', async () => {
    const { ask, asked } = world({ models: ['*'] })
    await (await ask('/v1/chat/completions', { messages })).text()
    expect(asked).toEqual([undefined])
  })
})

describe('the list of models', () => {
  const settings: World = {
    lists: [...ids('big-1', 'small'), { id: 'org/other', aliases: ['small-too'] }],
    alias: { chat: 'big-1' },
  }

  it('has those that may be asked for, and no others', async () => {
    const { data } = (await (await world(settings).ask('/v1/models')).json()) as {
      data: { id: string }[]
    }
    expect(data.map(({ id }) => id)).toEqual(['small'])
  })

  it.each(['big-1', 'chat', 'org/other', 'static', 'small-too'])(
    'has no entry for %s',
    async (id) => {
      expect((await world(settings).ask(`/v1/models/${encodeURIComponent(id)}`)).status).toBe(403)
      expect((await world(settings).ask('/v1/models/small')).status).toBe(200)
    },
  )

  it('is all that the page of engines and models shows', async () => {
    const text = await (await world(settings).ask('/status')).text()
    expect(text).toContain('<code>small</code>')
    expect(text).not.toContain('big-1')
  })

  it('gives no hint of the others', async () => {
    const { ask } = world({ ...settings, models: ['small', 'big-2'], upstream: ups('a', 'b') })
    const text = await (await ask('/v1/chat/completions', { messages, model: 'big-2' })).text()
    expect(text).toContain('model_not_found')
    expect(text).not.toContain('big-1')
  })
})

function ups(...labels: string[]) {
  return labels.map((label) => ({ label, url: `http://${label}/v1` }))
}

describe('a request that names other models beside its own', () => {
  const FIELDS: Record<string, unknown> = {
    models: ['big'],
    fallbacks: [{ small: ['big'] }],
    Fallbacks: ['big'],
    fallbac\u212As: ['big'],
    model_list: [{ model_name: 'small', litellm_params: { model: 'big' } }],
  }

  it.each(Object.keys(ROUTES))(
    'is refused by name where the key may not use all: %s',
    async (route) => {
      const [path, body] = ROUTES[route] as [string, object]
      const { ask, asked } = world({ lists: ids('big', 'small') })
      for (const [field, value] of Object.entries(FIELDS)) {
        const response = await ask(path, { ...body, model: 'small', [field]: value })
        expect(response.status).toBe(403)
        const { error } = (await response.json()) as { error: { message: string } }
        expect(error.message).toMatch(
          new RegExp(
            `^${field}: expected no further models, got this field, and you may not use every model`,
          ),
        )
      }
      expect(asked).toEqual([])
    },
  )

  it('is the upstream’s to judge where it may, or where the field is null', async () => {
    const open = world({ lists: ids('big', 'small'), models: ['*'] })
    await open.ask('/v1/chat/completions', { messages, model: 'small', models: ['big'] })
    const held = world({ lists: ids('big', 'small') })
    await held.ask('/v1/chat/completions', { messages, model: 'small', models: null })
    expect([open.asked, held.asked]).toEqual([['small'], ['small']])
  })

  it('is refused where its key is in other letter case, for every caller', async () => {
    const { ask, asked } = world({ lists: ids('big', 'small'), models: ['*'] })
    const response = await ask('/v1/chat/completions', { messages, model: 'small', Model: 'big' })
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({
      error: {
        param: 'model',
        message: expect.stringMatching(/^model: .* got "Model".* write "model"/),
      },
    })
    expect(asked).toEqual([])
  })
})
