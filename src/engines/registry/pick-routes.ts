/** Which engines serve a model, of those that are known. */
import type { Engine, Model } from '../engine.ts'
import { STATIC_MODEL } from '../static/model.ts'
import type { CatalogEntry } from './catalog.ts'
import { mayUseModel } from './model-access.ts'
import { nameFinders } from './model-index.ts'
import type { WantedModel } from './not-found.ts'

/** An engine for a request, and the model's name there. */
export interface Route {
  engine: Engine
  /** Undefined where the upstream chooses. */
  model: string | undefined
  /** Whether the engine's last model listing failed. */
  isDown: boolean
  /** Whether the engine had the model loaded then; undefined where it does not say. */
  loaded?: boolean | undefined
}

type Routes = readonly [Route, ...Route[]]

/** `isAll`: the entries are current, so that no other engine or model can exist. */
export function pickFrom(
  entries: CatalogEntry[],
  wanted: WantedModel,
  isAll: boolean,
): Routes | undefined {
  const { model, access } = wanted
  const own = entries.at(-1) as CatalogEntry
  if (model === STATIC_MODEL) return [routeTo(own, model)]
  const listed = model === undefined ? defaultRoutes(entries, wanted) : routesFor(entries, model)
  if (listed !== undefined || !isAll) return listed
  // Tabs come and go, and serve what they list: whether there are any changes nothing for other names.
  const [only, another] = entries.slice(0, -1).filter(({ isVisiting }) => !isVisiting)
  // The static engine never answers for another model's name.
  if (only === undefined) {
    const isFree = model === undefined && (access?.(STATIC_MODEL) ?? true)
    return isFree ? [routeTo(own, STATIC_MODEL)] : undefined
  }
  // A single upstream gets unlisted names too, as it may load models on demand; but it does not
  // know which of them a key may use.
  const isOpen =
    model === undefined ? access === undefined : only.engine.acceptsModel?.(model) !== false
  return isOpen && !another ? [routeTo(only, model)] : undefined
}

/**
 * The routes for a request that names no model. Takes the first engine, in the order of the
 * settings, that has a model which is loaded or whose state is unknown; otherwise the first model
 * that a server would have to load. An engine that is no server loads only models that a request
 * names.
 */
function defaultRoutes(
  entries: CatalogEntry[],
  { access, aliases }: WantedModel,
): Routes | undefined {
  const able = entries.slice(0, -1).filter(({ error }) => error === undefined)
  const mayUse = (model: Model) => mayUseModel(access, model, aliases)
  const model =
    firstOf(able, ({ models }) => {
      const loaded = models.find((each) => each.loaded === true && mayUse(each))
      return loaded ?? models.find((each) => each.loaded !== false && mayUse(each))
    }) ?? firstOf(able, ({ engine, models }) => (engine.isServer ? models.find(mayUse) : undefined))
  return model && routesFor(entries, model.id)
}

function firstOf(
  entries: readonly CatalogEntry[],
  find: (entry: CatalogEntry) => Model | undefined,
): Model | undefined {
  for (const entry of entries) {
    const found = find(entry)
    if (found !== undefined) return found
  }
  return undefined
}

/** The names of each listing whose routes are kept: with a hundred upstreams there are as many routes. */
const MOST_KEPT = 256

const keptRoutes = new WeakMap<readonly CatalogEntry[], Map<string, Routes>>()

/**
 * The routes to a listed model, which are the same for every request until engines are listed again.
 * `entries`: the static one last; a new array for each listing.
 */
function routesFor(entries: readonly CatalogEntry[], model: string): Routes | undefined {
  let kept = keptRoutes.get(entries)
  const known = kept?.get(model)
  if (known !== undefined) return known
  const routes = findRoutes(entries.slice(0, -1), model)
  if (routes === undefined) return undefined
  if (kept === undefined || kept.size >= MOST_KEPT) {
    kept = new Map()
    keptRoutes.set(entries, kept)
  }
  kept.set(model, routes)
  return routes
}

function findRoutes(upstreams: readonly CatalogEntry[], model: string): Routes | undefined {
  for (const find of nameFinders(model)) {
    const serving: { entry: CatalogEntry; found: Model }[] = []
    for (const entry of upstreams) {
      const found = find(entry.models)
      if (found !== undefined) serving.push({ entry, found })
    }
    const [first, ...others] = serving
    if (first === undefined) continue
    const { isServer, allowsFailover } = first.entry.engine
    const alternatives = isServer || allowsFailover ? others : []
    const routes = [first, ...alternatives].map(({ entry, found: { id, loaded } }) => {
      return { ...routeTo(entry, id), loaded }
    })
    return routes as readonly Route[] as Routes
  }
  return undefined
}

function routeTo({ engine, error }: CatalogEntry, model: string | undefined): Route {
  return { engine, model, isDown: error !== undefined }
}
