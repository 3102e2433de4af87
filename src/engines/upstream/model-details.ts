/** What model servers tell of their models besides the list of them: what is loaded, and how much context each has. */
import type { Ability } from './chat-upstream.ts'
import { ContextSizes } from './context-sizes.ts'
import { OnDemandModels } from './managers/on-demand-models.ts'

/** Asks a server for more than the list of its models. */
export const detailing = ((upstream) => {
  const onDemand = new OnDemandModels(upstream.client, upstream.isDiscovered)
  const told = (path: string) => onDemand.told(path)
  const sizes = new ContextSizes(upstream.isolateRequests, upstream.client, told)
  upstream.describe({
    list: (models, signal) => onDemand.list(upstream.kind(), models, signal),
    add: sizes.add,
  })
  return {
    async sizedModels(signal, options = {}) {
      const listed = upstream.listed()
      if (listed === undefined) return undefined
      const isNew = await sizes.ask(upstream.kind(), listed, signal, options)
      return isNew ? upstream.visible(listed) : undefined
    },
    loadState: (model, since) => onDemand.look(upstream.names.renamed({ model }).model, since),
  }
}) satisfies Ability
