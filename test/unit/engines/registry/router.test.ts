import { describe, expect, it } from 'vitest'
import type { Engine } from '../../../../src/engines/engine.ts'
import { Catalog } from '../../../../src/engines/registry/catalog.ts'
import { createRouter } from '../../../../src/engines/registry/router.ts'
import { engine, own, picked, router } from './routing.ts'

describe('a name with :latest', () => {
  it('is that of a model which is listed without it, and the other way round', async () => {
    const from = router([engine('a', 'x', 'y:latest', 'z', 'z:latest')])
    expect(await picked(from, 'x:latest')).toBe('a x')
    expect(await picked(from, 'y')).toBe('a y:latest')
    expect(await picked(from, 'z')).toBe('a z')
    expect(await picked(from, 'z:latest')).toBe('a z:latest')
    expect(await picked(from, 'static:latest')).toBe('static static')
    expect(await from.find('x:latest', undefined)).toMatchObject({ id: 'x' })
    const allowed = (name: string) => ['x', 'x:latest'].includes(name)
    await expect(from.pick('y:latest', allowed)).rejects.toMatchObject({ status: 403 })
  })

  it('is an alias, unless a model has that name', async () => {
    const a = engine('a', 'x', 'y:latest')
    const catalog = new Catalog({ engines: [a], static: own, isolateRequests: false })
    const from = createRouter(catalog, undefined, { short: 'x', y: 'x' })
    expect(await picked(from, 'short:latest')).toBe('a x')
    expect(await from.find('short:latest', undefined)).toMatchObject({ id: 'short', root: 'x' })
    await from.list(undefined)
    expect(await picked(from, 'y')).toBe('a x')
    expect(await picked(from, 'y:latest')).toBe('a y:latest')
  })

  it('is that model also for the first request, which waits for the list', async () => {
    const a = engine('a', 'x', 'y:latest')
    const catalog = new Catalog({ engines: [a], static: own, isolateRequests: false })
    const from = createRouter(catalog, undefined, { y: 'x' })
    expect(await picked(from, 'y:latest')).toBe('a y:latest')
    const refused = expect(from.pick('x', (name) => name === 'y')).rejects
    await refused.toMatchObject({ status: 403 })
  })
})

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
      cause: { message: expect.stringMatching(/^a: .+; b: .+/) },
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
