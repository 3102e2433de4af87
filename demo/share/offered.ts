/** Which of the models that the owner has chosen can be offered now. */
import type { Model } from '../../src/engines/engine.ts'
import { Connector } from '../../src/engines/remote/connector.ts'
import type { Port } from '../../src/engines/remote/protocol.ts'
import type { TabModel } from '../../src/tabs/protocol.ts'
import { cachedParts } from '../cache.ts'
import { enginePort, gpuModels } from '../engine.ts'

const connector = new Connector({
  label: 'webllm',
  connect: async () => {
    const port = enginePort('share')
    if (port === undefined) throw new Error('This tab does not run the engine.')
    return port as unknown as Port
  },
})

/** The models of this tab's engine with what is loaded; without that, until the engine has started. */
async function listModels(): Promise<readonly Model[]> {
  let models = gpuModels.peek()
  const ask = (id: number) => ({ kind: 'models', id }) as const
  const read = (reply: { models: Model[] }) => {
    models = reply.models
  }
  await connector.call(ask, new AbortController().signal, { models: read }).catch(() => {})
  return models
}

/**
 * Those that answer without a download: what a stranger asks for may cost time, and never gigabytes of the
 * owner's traffic.
 */
export async function offeredModels(ids: readonly string[]): Promise<TabModel[]> {
  if (ids.length === 0) return []
  const chosen = (await listModels()).filter(({ id }) => ids.includes(id))
  const all = await Promise.all(chosen.map(offeredModel))
  return all.filter((model) => model !== undefined)
}

async function offeredModel(model: Model): Promise<TabModel | undefined> {
  const { id, loaded, context_length } = model
  const isCached = loaded || ((await cachedParts(model))?.isWhole ?? false)
  if (!isCached) return undefined
  return {
    id,
    state: loaded ? 'loaded' : 'cached',
    ...(typeof context_length === 'number' && { context_length }),
  }
}
