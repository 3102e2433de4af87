import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Engine, Model } from '../../../../src/engines/engine.ts'
import { engine, picked, router } from './routing.ts'

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
