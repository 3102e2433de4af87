import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Engine, Model } from '../../../../src/engines/engine.ts'
import { Catalog, type CatalogOptions } from '../../../../src/engines/registry/catalog.ts'
import { createRouter } from '../../../../src/engines/registry/router.ts'
import { createStatic } from '../../../../src/engines/static/static.ts'
import { ApiError } from '../../../../src/wire/errors/api-error.ts'

const own = createStatic({ staticText: 'A text.', staticDelay: 0 })

/** An engine that only lists models; `ids` may be changed, and undefined means out of reach. */
function engine(label: string, ...ids: string[]) {
  const listing = { ids: ids as string[] | undefined, asked: 0 }
  const made: Engine & typeof listing = Object.assign(listing, {
    label,
    isServer: true,
    async models() {
      made.asked++
      if (made.ids === undefined) throw new ApiError(502, 'down', { code: 'upstream_unreachable' })
      return made.ids.map((id) => ({ id, object: 'model' as const, created: 1, owned_by: label }))
    },
    chat: () => Promise.reject(new Error('no test asks for a chat')),
  })
  return made
}

function router(upstreams: Engine[], defaultModel?: string, more: Partial<CatalogOptions> = {}) {
  const catalog = new Catalog({ engines: upstreams, static: own, isolateRequests: false, ...more })
  return createRouter(catalog, defaultModel)
}

async function picked(from: ReturnType<typeof router>, model?: string | null) {
  const [route] = await from.pick(model, undefined)
  return `${route.engine.label} ${route.model}`
}

describe('static', () => {
  it('answers where nothing else exists, and no other model is named', async () => {
    const alone = router([])
    for (const model of [undefined, null, '', 'static']) {
      expect(await picked(alone, model)).toBe('static static')
    }
    for (const from of [alone, router([], 'gpt-5')]) {
      const refused = expect(from.pick(from === alone ? 'gpt-5' : null, undefined)).rejects
      await refused.toMatchObject({
        ...{ status: 404, code: 'model_not_found' },
        message: expect.stringContaining('"gpt-5"; no model server was found'),
      })
    }
  })

  it('answers beside upstreams only when it is named', async () => {
    const beside = router([engine('a', 'x')])
    expect(await picked(beside, 'static')).toBe('static static')
    expect(await picked(beside, undefined)).toBe('a x')
    expect(await picked(beside, 'gpt-5')).toBe('a gpt-5')
  })

  it('never stands in for upstreams that are out of reach', async () => {
    const [a, b] = [engine('a'), engine('b')]
    a.ids = b.ids = undefined
    expect(await picked(router([a]), 'x')).toBe('a x')
    await expect(router([a, b]).pick('x', undefined)).rejects.toMatchObject({
      ...{ status: 503, code: 'engine_unavailable', headers: { 'retry-after': '5' } },
    })
  })

  it('is no upstream of that name: an upstream cannot take it', async () => {
    const from = router([engine('a', 'static'), engine('b', 'x')])
    expect(await picked(from, 'static')).toBe('static static')
    expect(await picked(from)).toBe('b x')
    expect((await from.list(undefined)).map(({ id }) => id)).toEqual(['x', 'static'])
  })
})

describe('a request without a model', () => {
  it('gets the first model of the first upstream that has one', async () => {
    expect(await picked(router([engine('a'), engine('b', 'y', 'z')]))).toBe('b y')
  })

  it('passes over an upstream that is out of reach', async () => {
    const [a, b] = [engine('a', 'x'), engine('b', 'y')]
    a.ids = undefined
    expect(await picked(router([a, b]))).toBe('b y')
  })

  it('gets the default model, which is looked for like any other', async () => {
    const upstreams = [engine('a', 'x'), engine('b', 'y:latest')]
    expect(await picked(router(upstreams, 'y'))).toBe('b y:latest')
    expect(await picked(router(upstreams, 'static'))).toBe('static static')
    expect(await picked(router(upstreams, 'y'), 'x')).toBe('a x')
    await expect(router(upstreams, 'nothing').pick(null, undefined)).rejects.toMatchObject({
      status: 404,
    })
  })

  it('goes without one to the only upstream, which decides', async () => {
    expect(await picked(router([engine('a')]))).toBe('a undefined')
  })

  it('is refused where several upstreams list no model', async () => {
    const refused = expect(router([engine('a'), engine('b')]).pick(undefined, undefined)).rejects
    await refused.toMatchObject({ status: 404, code: 'model_not_found', param: 'model' })
  })
})

describe('a name', () => {
  const upstreams = [engine('a', 'llama3.2:latest', 'both'), engine('b', 'llama3.2:1b', 'both')]

  it('finds its upstream, the first of several', async () => {
    expect(await picked(router(upstreams), 'llama3.2:1b')).toBe('b llama3.2:1b')
    expect(await picked(router(upstreams), 'both')).toBe('a both')
  })

  it('finds name:latest', async () => {
    expect(await picked(router(upstreams), 'llama3.2')).toBe('a llama3.2:latest')
  })

  it('finds itself before name:latest, in whatever upstream', async () => {
    expect(await picked(router([...upstreams, engine('c', 'llama3.2')]), 'llama3.2')).toBe(
      'c llama3.2',
    )
  })

  it('that no one lists goes to the only upstream', async () => {
    expect(await picked(router([engine('a', 'x')]), 'unlisted/model:7b')).toBe(
      'a unlisted/model:7b',
    )
  })

  it('that no one of several lists is refused with those that are close', async () => {
    const error = await router(upstreams)
      .pick('llama3.2:1', undefined)
      .catch((reason: unknown) => reason)
    expect(error).toMatchObject({ status: 404, code: 'model_not_found', param: 'model' })
    expect((error as Error).message).toContain('"llama3.2:1b"')
  })

  it('that is close to one without its :latest is refused with that', async () => {
    const error = await router(upstreams)
      .pick('llama3.1', undefined)
      .catch((reason: unknown) => reason)
    expect((error as Error).message).toMatch(/did you mean .*"llama3\.2(:latest)?"/)
  })

  it('that is like no other is refused without a guess', async () => {
    const error = await router(upstreams)
      .pick('zzzzzzzzzzzz', undefined)
      .catch((reason: unknown) => reason)
    expect((error as Error).message).not.toContain('did you mean')
    expect((error as Error).message).toContain('/v1/models')
  })

  it('is refused with the names of the upstreams that could not be asked', async () => {
    const down = engine('gpu-2')
    down.ids = undefined
    const error = await router([engine('a', 'x'), down])
      .pick('zzz', undefined)
      .catch((reason: unknown) => reason)
    expect((error as Error).message).toContain('gpu-2')
  })
})

describe('the catalog', () => {
  afterEach(() => {
    vi.useRealTimers()
  })

  it('believes in a model that it knows for 30 s', async () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    const [a, b] = [engine('a', 'x'), engine('b', 'y')]
    const from = router([a, b])
    await from.pick('x', undefined)
    vi.advanceTimersByTime(29_000)
    await from.pick('y', undefined)
    expect(a.asked).toBe(1)
    vi.advanceTimersByTime(2_000)
    await from.pick('x', undefined)
    expect(a.asked).toBe(2)
  })

  it('asks again for a model that it does not know, once a second at most', async () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    const [a, b] = [engine('a', 'x'), engine('b', 'y')]
    const from = router([a, b])
    for (let round = 0; round < 5; round++) await from.pick('z', undefined).catch(() => {})
    expect(a.asked).toBe(1)
    b.ids?.push('z')
    vi.advanceTimersByTime(1_100)
    expect(await picked(from, 'z')).toBe('b z')
  })

  it('remembers the models of an upstream that is out of reach for a while', async () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    const [a, b] = [engine('a', 'x'), engine('b', 'y')]
    const from = router([a, b])
    await from.pick('x', undefined)
    a.ids = undefined
    vi.advanceTimersByTime(60_000)
    expect(await picked(from, 'x')).toBe('a x')
    expect((await from.list(undefined)).map(({ id }) => id)).toEqual(['y', 'static'])
  })

  it('asks again soon for the models of one that could not be asked', async () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    const [a, b] = [engine('a', 'x'), engine('b', 'x')]
    a.ids = undefined
    const from = router([a, b])
    expect(await picked(from, 'x')).toBe('b x')
    a.ids = ['x']
    vi.advanceTimersByTime(5_100)
    await from.pick('x', undefined)
    await new Promise((resolve) => setTimeout(resolve, 5))
    expect(await picked(from, 'x')).toBe('a x')
  })

  it('asks once for all who ask at once, unless requests must be kept apart', async () => {
    const a = engine('a', 'x')
    const from = router([a])
    await Promise.all([from.pick('x', undefined), from.pick('x', undefined), from.list(undefined)])
    expect(a.asked).toBe(1)
    const apart = engine('a', 'x')
    const isolated = router([apart], undefined, { isolateRequests: true })
    await Promise.all([isolated.list(undefined), isolated.list(undefined)])
    expect(apart.asked).toBe(2)
  })
})

describe('the list', () => {
  it('has the models of all engines once, static last', async () => {
    const from = router([engine('a', 'x', 'both'), engine('b', 'both', 'y')])
    const list = await from.list(undefined)
    expect(list.map(({ id, owned_by }) => `${id} ${owned_by}`)).toEqual([
      'x a',
      'both a',
      'y b',
      'static sluice',
    ])
  })

  it('finds one by its id or by name:latest', async () => {
    const from = router([engine('a', 'org/model:latest')])
    expect((await from.find('org/model:latest', undefined)).id).toBe('org/model:latest')
    expect((await from.find('org/model', undefined)).id).toBe('org/model:latest')
    expect((await from.find('static', undefined)).owned_by).toBe('sluice')
    await expect(from.find('zzz', undefined)).rejects.toMatchObject({
      status: 404,
      code: 'model_not_found',
    })
  })
})

describe('an alias', () => {
  const catalogOf = (upstreams: Engine[]) =>
    new Catalog({ engines: upstreams, static: own, isolateRequests: false })

  it('goes before a model of its name, and may be the default', async () => {
    const from = createRouter(catalogOf([engine('a', 'x', 'y')]), 'x', { x: 'y' })
    expect(await picked(from, 'x')).toBe('a y')
    expect(await picked(from)).toBe('a y')
    expect((await from.list(undefined)).map(({ id, root }) => [id, root])).toEqual([
      ['y', undefined],
      ['x', 'y'],
      ['static', undefined],
    ])
  })

  it('finds name:latest, and every engine that serves it', async () => {
    const upstreams = [engine('a', 'x:latest'), engine('b', 'x:latest'), engine('c', 'y')]
    const from = createRouter(catalogOf(upstreams), undefined, { gpt: 'x' })
    expect(
      (await from.pick('gpt', undefined)).map((route) => `${route.engine.label} ${route.model}`),
    ).toEqual(['a x:latest', 'b x:latest'])
    expect((await from.find('gpt', undefined)).root).toBe('x:latest')
  })

  it('is no way to what no one serves', async () => {
    const from = createRouter(catalogOf([engine('a', 'x'), engine('b')]), undefined, { gpt: 'zzz' })
    await expect(from.pick('gpt', undefined)).rejects.toMatchObject({ status: 404 })
    await expect(from.find('gpt', undefined)).rejects.toMatchObject({ status: 404 })
  })
})

describe('a model of several engines', () => {
  const labels = async (engines: Engine[]) =>
    (await router(engines).pick('x', undefined)).map((route) => route.engine.label)

  it('is asked of any of them', async () => {
    expect(await labels([engine('a', 'x'), engine('b', 'y'), engine('c', 'x')])).toEqual(['a', 'c'])
  })

  it('is asked only of the one that runs beside the handler', async () => {
    const local: Engine = { ...engine('webllm', 'x'), isServer: false }
    expect(await labels([local, engine('a', 'x')])).toEqual(['webllm'])
  })
})

describe('the only upstream', () => {
  it('is not asked for what its allow-list leaves out', async () => {
    const only: Engine = { ...engine('a', 'x'), acceptsModel: (model) => model === 'x' }
    expect(await picked(router([only]), 'x')).toBe('a x')
    await expect(router([only]).pick('y', undefined)).rejects.toMatchObject({ status: 404 })
  })
})

describe('an upstream that is slow to list its models', () => {
  const slow = (label: string): Engine => ({
    ...engine(label),
    models: (signal) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason))
      }),
  })

  it('is waited for once, and then never keeps a request that names a model', async () => {
    const from = router([slow('a')])
    expect(await picked(from, 'x')).toBe('a x')
    for (const model of ['x', 'y', 'z']) {
      const started = performance.now()
      expect(await picked(from, model)).toBe(`a ${model}`)
      expect(performance.now() - started).toBeLessThan(500)
    }
  })

  it('keeps no one from the models of another', async () => {
    const from = router([slow('a'), engine('b', 'x')])
    await picked(from, 'x')
    const started = performance.now()
    expect(await picked(from, 'x')).toBe('b x')
    expect(performance.now() - started).toBeLessThan(500)
  })
})

describe('models that may be loaded', () => {
  const withModels = (label: string, ...models: Partial<Model>[]): Engine => ({
    ...engine(label),
    models: async () => models as Model[],
  })
  const unloaded = { status: { value: 'unloaded' } }
  const loaded = { status: { value: 'loaded' } }

  it.each<[string, Engine[]]>([
    [
      'a x',
      [
        withModels('a', { id: 'w', ...unloaded }, { id: 'x', ...loaded }),
        withModels('b', { id: 'y' }),
      ],
    ],
    ['a x', [withModels('a', { id: 'w', state: 'not-loaded' }, { id: 'x', state: 'loaded' })]],
    ['a x', [withModels('a', { id: 'w' }, { id: 'x', loaded: true })]],
    ['b x', [withModels('a', { id: 'w', ...unloaded }), withModels('b', { id: 'x' })]],
    ['a x', [withModels('a', { id: 'x', ...unloaded }, { id: 'y', ...unloaded })]],
  ])('are preferred in this order, where none is named: %s', async (first, engines) => {
    expect(await picked(router(engines))).toBe(first)
  })

  it('are never loaded unasked by what runs beside the handler', async () => {
    const local = { ...withModels('webllm', { id: 'w', loaded: false }), isServer: false }
    expect(await picked(router([local]))).toBe('webllm undefined')
    expect(await picked(router([local, withModels('a', { id: 'x', ...unloaded })]))).toBe('a x')
  })

  it('are found by the other names that their server lists', async () => {
    const a = withModels('a', { id: 'file.gguf', aliases: ['m', 'm-4b'] }, { id: 'other' })
    const b = withModels('b', { id: 'm-4b' })
    const from = router([a, b])
    expect(await picked(from, 'm')).toBe('a file.gguf')
    expect(await picked(from, 'm-4b')).toBe('b m-4b')
    expect((await from.find('m', undefined)).id).toBe('file.gguf')
  })
})
