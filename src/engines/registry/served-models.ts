import type { Engine } from '../engine.ts'
import type { Aliases } from './aliases.ts'
import type { CatalogEntry } from './catalog.ts'

/** A model's id, which may be an alias, and the engines that serve it. */
export interface ServedModel {
  id: string
  engines: Engine[]
}

/** Every model once, aliases included, in the order of `list`. */
export function servedModels(entries: CatalogEntry[], aliases: Aliases): ServedModel[] {
  const served = new Map<string, Engine[]>()
  const add = ({ engine, models }: CatalogEntry) => {
    for (const { id } of models) served.set(id, [...(served.get(id) ?? []), engine])
  }
  entries.slice(0, -1).forEach(add)
  for (const [alias, target] of Object.entries(aliases)) {
    const engines = served.get(target) ?? served.get(`${target}:latest`)
    served.delete(alias)
    if (engines !== undefined) served.set(alias, engines)
  }
  entries.slice(-1).forEach(add)
  return [...served].map(([id, engines]) => ({ id, engines }))
}
