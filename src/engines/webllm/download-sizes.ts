import type { ModelRecord } from './mlc-types.ts'

/** Where web-llm keeps weights, and among them each model's list of its parts. */
const CACHE = 'webllm/model'

/** What is used of a browser's `Cache`; Deno's can't tell what it holds. */
interface Store {
  keys?(): Promise<readonly { url: string }[]>
  match(url: string): Promise<{ json(): Promise<unknown> } | undefined>
}

interface Stores {
  open(name: string): Promise<Store>
}

/** What is read of a model's list of parts. */
interface Manifest {
  records: { nbytes: number }[]
}

/** How large each list said a model is, by the list's URL: it does not change. */
const known = new Map<string, number>()

/**
 * Bytes to download of each model whose list of parts has been read, by its id. web-llm's records
 * have no size, and to ask for 160 lists only to show a size would be rude. `loaded` is all that is
 * looked for where a cache can't tell what it holds (Deno).
 */
export async function downloadSizes(
  records: readonly ModelRecord[],
  loaded: string | undefined,
  stores = (globalThis as { caches?: Stores }).caches,
): Promise<Map<string, number>> {
  const sizes = new Map<string, number>()
  if (stores === undefined) return sizes
  try {
    const cache = await stores.open(CACHE)
    const keys = await cache.keys?.()
    const held = keys && new Set(keys.map(({ url }) => url))
    for (const { model, model_id } of records) {
      const url = manifestUrl(model)
      const isHeld = held?.has(url) ?? (model_id === loaded || known.has(url))
      const size = isHeld ? await sizeIn(cache, url) : undefined
      if (size !== undefined) sizes.set(model_id, size)
    }
  } catch {
    // A cache may be cleared at any time: the size stays unknown.
  }
  return sizes
}

/** As web-llm makes it of a model's URL. */
function manifestUrl(model: string): string {
  const folder = model.endsWith('/') ? model : `${model}/`
  return `${folder}${/\/resolve\/.+\/$/.test(folder) ? '' : 'resolve/main/'}tensor-cache.json`
}

async function sizeIn(cache: Store, url: string): Promise<number | undefined> {
  const size = known.get(url)
  if (size !== undefined) return size
  const response = await cache.match(url)
  if (response === undefined) return undefined
  const { records } = (await response.json()) as Manifest
  const bytes = records.reduce((sum, { nbytes }) => sum + nbytes, 0)
  known.set(url, bytes)
  return bytes
}
