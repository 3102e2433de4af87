import type { ModelRecord } from './mlc-types.ts'

/** The cache in which web-llm stores weights, and each model's manifest (the list of its parts). */
const WEIGHTS_CACHE = 'webllm/model'

/** The part of `Cache` used here. Deno's has no `keys`. */
interface CacheStore {
  keys?(): Promise<readonly { url: string }[]>
  match(url: string): Promise<{ json(): Promise<unknown> } | undefined>
}

interface CacheStores {
  open(name: string): Promise<CacheStore>
}

/** The part of a model's manifest used here. */
interface Manifest {
  records: { nbytes: number }[]
}

/** The size of each model by the URL of its manifest, which never changes. */
const sizeByUrl = new Map<string, number>()

/**
 * The download size in bytes of each model whose manifest is in the cache, by model id. web-llm's
 * records have no size, and fetching some 160 manifests just to show sizes would burden their host.
 * Where a cache can't list its entries (Deno), only the `loaded` model is looked up.
 */
export async function downloadSizes(
  records: readonly ModelRecord[],
  loaded: string | undefined,
  stores = (globalThis as { caches?: CacheStores }).caches,
): Promise<Map<string, number>> {
  const sizes = new Map<string, number>()
  if (stores === undefined) return sizes
  try {
    const cache = await stores.open(WEIGHTS_CACHE)
    const keys = await cache.keys?.()
    const cached = keys && new Set(keys.map(({ url }) => url))
    for (const { model, model_id } of records) {
      const url = manifestUrl(model)
      const isCached = cached?.has(url) ?? (model_id === loaded || sizeByUrl.has(url))
      const size = isCached ? await sizeIn(cache, url) : undefined
      if (size !== undefined) sizes.set(model_id, size)
    }
  } catch {
    // A cache may be cleared at any time: the size stays unknown.
  }
  return sizes
}

/** The manifest's URL, derived from a model's URL as web-llm does. */
function manifestUrl(model: string): string {
  const folder = model.endsWith('/') ? model : `${model}/`
  return `${folder}${hasRevision(folder) ? '' : 'resolve/main/'}tensor-cache.json`
}

/** Whether `/resolve/` and a revision are in a URL that ends with a slash. */
function hasRevision(folder: string): boolean {
  const marker = '/resolve/'
  const at = folder.indexOf(marker)
  return at !== -1 && at + marker.length < folder.length - 1
}

async function sizeIn(cache: CacheStore, url: string): Promise<number | undefined> {
  const size = sizeByUrl.get(url)
  if (size !== undefined) return size
  const response = await cache.match(url)
  if (response === undefined) return undefined
  const { records } = (await response.json()) as Manifest
  const bytes = records.reduce((sum, { nbytes }) => sum + nbytes, 0)
  sizeByUrl.set(url, bytes)
  return bytes
}
