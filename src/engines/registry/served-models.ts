import type { Engine } from '../engine.ts'
import type { Aliases } from './aliases.ts'
import type { CatalogEntry } from './catalog.ts'

/** A model's id, which may be an alias, and the engines that serve it. */
export interface ServedModel {
  id: string
  engines: Engine[]
  /** Whether any of them has it loaded; undefined where none says. */
  loaded: boolean | undefined
}

/** Every model once, aliases included, in the order of `list`. */
export function servedModels(entries: CatalogEntry[], aliases: Aliases): ServedModel[] {
  const served = new Map<string, Omit<ServedModel, 'id'>>()
  const add = ({ engine, models }: CatalogEntry) => {
    for (const { id, loaded } of models) {
      const known = served.get(id)
      if (known === undefined) served.set(id, { engines: [engine], loaded })
      else {
        known.engines.push(engine)
        known.loaded = eitherLoaded(known.loaded, loaded)
      }
    }
  }
  entries.slice(0, -1).forEach(add)
  for (const [alias, target] of Object.entries(aliases)) {
    const model = served.get(target) ?? served.get(`${target}:latest`)
    served.delete(alias)
    if (model !== undefined) served.set(alias, { ...model, engines: [...model.engines] })
  }
  entries.slice(-1).forEach(add)
  return [...served].map(([id, model]) => ({ id, ...model }))
}

function eitherLoaded(one: boolean | undefined, other: boolean | undefined): boolean | undefined {
  return one || other || (one ?? other)
}
