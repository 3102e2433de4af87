/** What looking a model up costs where there are many: counted in reads of models' names, not in time. */
import { describe, expect, test } from 'vitest'
import type { Engine, Model } from '../../../../src/engines/engine.ts'
import type { Catalog, CatalogEntry } from '../../../../src/engines/registry/catalog.ts'
import { createRouter } from '../../../../src/engines/registry/router.ts'
import { servedModels } from '../../../../src/engines/registry/served-models.ts'
import { engine, own, router } from './routing.ts'

const MODELS = 5_000

/** Models that count how often their names are read. */
function countedModels(count: number, prefix = 'model') {
  const read = { names: 0 }
  const models = Array.from({ length: count }, (_, at) => ({
    get id() {
      read.names++
      return `${prefix}-${at}`
    },
    get aliases() {
      read.names++
      return [`${prefix}-alias-${at}`]
    },
    object: 'model' as const,
    loaded: false,
  }))
  return { read, models: models as unknown as Model[] }
}

function routerOf(entries: CatalogEntry[]) {
  const catalog = {
    isFixed: true,
    known: entries,
    cachedEntries: () => entries,
    entries: async () => entries,
  }
  return createRouter(catalog as unknown as Catalog, undefined)
}

const staticEntry: CatalogEntry = { engine: own, models: [] }

describe.each(['model-4999', 'model-alias-4999', 'unlisted'])(
  'a thousand requests for %s',
  (name) => {
    test('read a list of models once', async () => {
      const { read, models } = countedModels(MODELS)
      const found = routerOf([{ engine: engine('gpu'), models }, staticEntry])
      for (let count = 0; count < 1_000; count++) {
        const [route] = await found.pick(name, undefined)
        expect(route.model).toBe(name === 'unlisted' ? name : 'model-4999')
      }
      expect(read.names).toBeLessThan(6 * MODELS)
    })
  },
)

test('a request that names no model reads on only to the first one that it may get', async () => {
  const { read, models } = countedModels(MODELS)
  const entries = [{ engine: engine('gpu'), models }, staticEntry]
  await routerOf(entries).pick('model-1', undefined)
  read.names = 0
  const [route] = await routerOf(entries).pick(null, (name) => name.startsWith('model-'))
  expect(route.model).toBe('model-0')
  expect(read.names).toBeLessThan(20)
})

test('a wrong name is compared with the first names only', async () => {
  const lists = Array.from({ length: 10 }, (_, at) => countedModels(MODELS, `m${at}`))
  const entries = lists.map(({ models }, at) => ({ engine: engine(`gpu-${at}`), models }))
  const found = routerOf([...entries, staticEntry])
  await expect(found.pick('m0-1000000', undefined)).rejects.toThrow('did you mean')
  for (const { read } of lists) read.names = 0
  await expect(found.pick('m0-1000000', undefined)).rejects.toThrow('did you mean')
  expect(lists.reduce((sum, { read }) => sum + read.names, 0)).toBeLessThan(2 * 2_000)
})

test('a model of many engines is listed with each of them, once for each alias', () => {
  const engines: Engine[] = Array.from({ length: 100 }, (_, at) => engine(`gpu-${at}`))
  const entries = engines.map((each) => ({ engine: each, models: [model('m')] }))
  const served = servedModels([...entries, staticEntry], { alias: 'm' })
  expect(served.map(({ id }) => id)).toEqual(['m', 'alias'])
  for (const each of served) expect(each.engines).toEqual(engines)
})

test('what a server lists later is found', async () => {
  const gpu = engine('gpu', 'old')
  const another = engine('another', 'other')
  const found = router([gpu, another])
  expect(await found.list(undefined)).toHaveLength(3)
  gpu.ids = ['new']
  await found.list(undefined)
  const [route] = await found.pick('new', undefined)
  expect(route.engine.label).toBe('gpu')
})

function model(id: string): Model {
  return { id, object: 'model', created: 1, owned_by: 'gpu' }
}

test('the routes to a model of a hundred engines are found once for each listing', async () => {
  const lists = Array.from({ length: 100 }, (_, at) => ({ ...countedModels(1), at }))
  const entries = lists.map(({ models, at }) => ({ engine: engine(`gpu-${at}`), models }))
  const found = routerOf([...entries, staticEntry])
  const first = await found.pick('model-0', undefined)
  expect(first).toHaveLength(100)
  for (const { read } of lists) read.names = 0
  for (let count = 0; count < 100; count++)
    expect(await found.pick('model-0', undefined)).toBe(first)
  expect(lists.reduce((sum, { read }) => sum + read.names, 0)).toBe(0)
})
