import { expect, it } from 'vitest'
import { downloadSizes } from '../../../../src/engines/webllm/download-sizes.ts'
import { other, record } from '../../../support/mlc.ts'

const manifest = { records: [{ nbytes: 1_000 }, { nbytes: 234 }] }

/** Caches that hold one model's list of parts; `lists` is whether they can tell what they hold. */
function storesWith(url: string, lists: boolean) {
  const store = {
    ...(lists && { keys: async () => [{ url: 'https://a.example/other' }, { url }] }),
    match: async (asked: string) => (asked === url ? { json: async () => manifest } : undefined),
  }
  return { open: async () => store }
}

it.each([
  ['https://a.example/one', 'https://a.example/one/resolve/main/tensor-cache.json'],
  ['https://a.example/two/', 'https://a.example/two/resolve/main/tensor-cache.json'],
  ['https://a.example/3/resolve/v2/', 'https://a.example/3/resolve/v2/tensor-cache.json'],
])('reads the size of %s from its list of parts', async (model, url) => {
  const records = [{ ...record, model }, other]
  const sizes = await downloadSizes(records, undefined, storesWith(url, true))
  expect([...sizes]).toEqual([[record.model_id, 1_234]])
})

it('looks for the loaded model alone where a cache cannot tell what it holds', async () => {
  const model = 'https://b.example/one'
  const stores = storesWith(`${model}/resolve/main/tensor-cache.json`, false)
  const records = [{ ...record, model }, other]
  expect((await downloadSizes(records, undefined, stores)).size).toBe(0)
  expect((await downloadSizes(records, record.model_id, stores)).get(record.model_id)).toBe(1_234)
})

it('knows nothing where there is no cache, or none that can be read', async () => {
  expect((await downloadSizes([record], undefined, undefined)).size).toBe(0)
  const broken = { open: () => Promise.reject(new Error('cleared')) }
  expect((await downloadSizes([record], undefined, broken)).size).toBe(0)
})
