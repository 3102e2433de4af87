/** The files of models that web-llm has cached in this browser. */
import type { Model } from './api.ts'

/** web-llm's caches of weights and of configurations. */
const CACHES = ['webllm/model', 'webllm/config']
const MANIFEST = /\/(tensor-cache|ndarray-cache)\.json$/

export interface Cached {
  /** Bytes of the whole model, from its manifest. */
  bytes: number
  /** Whether every part is cached. */
  isWhole: boolean
}

interface Manifest {
  records: { dataPath: string; nbytes: number }[]
}

/** The cached part of a model; undefined where nothing is cached. */
export async function cachedParts({ weights }: Model): Promise<Cached | undefined> {
  if (weights === undefined || !('caches' in globalThis)) return undefined
  const cache = await caches.open('webllm/model')
  const urls = (await cache.keys()).map(({ url }) => url).filter((url) => url.startsWith(weights))
  const manifestUrl = urls.find((url) => MANIFEST.test(url))
  if (manifestUrl === undefined) return undefined
  const manifest = (await (await cache.match(manifestUrl))?.json()) as Manifest
  const bytes = manifest.records.reduce((sum, { nbytes }) => sum + nbytes, 0)
  const parts = manifest.records.map(({ dataPath }) => new URL(dataPath, manifestUrl).href)
  return { bytes, isWhole: parts.every((part) => urls.includes(part)) }
}

export async function deleteCached({ weights }: Model): Promise<void> {
  if (weights === undefined) return
  for (const name of CACHES) {
    const cache = await caches.open(name)
    for (const request of await cache.keys()) {
      if (request.url.startsWith(weights)) await cache.delete(request)
    }
  }
}

/** The bytes that this page stores in the browser, and the most that it may store. */
export async function storageUsed(): Promise<{ used: number; quota: number } | undefined> {
  const estimate = await navigator.storage?.estimate?.()
  if (estimate?.usage === undefined || estimate.quota === undefined) return undefined
  return { used: estimate.usage, quota: estimate.quota }
}
