import { isModelName, MAX_MODEL_NAME } from '../../util/safe/model-name.ts'
import { quoted } from '../../util/safe/quoted.ts'
import { badRequest } from '../../wire/errors/api-error.ts'
import type { Engine, EngineCaller, Model } from '../engine.ts'
import { STATIC_MODEL } from '../static/static.ts'
import { type Aliases, aliasModels, resolveAlias } from './aliases.ts'
import type { Catalog, CatalogEntry } from './catalog.ts'
import { type ModelAccess, mayUseEngine, mayUseModel, requireModelAccess } from './model-access.ts'
import { findByName, modelWithId, nameFinders, withoutLatest } from './model-index.ts'
import { notFound, type WantedModel } from './not-found.ts'
import { type ServedModel, servedModels } from './served-models.ts'
import { reasonOf, unavailable } from './unavailable.ts'

/** Milliseconds a cached catalog is used where it has the model, and where it does not. */
const CATALOG_MAX_AGE = { found: 30_000, missing: 1_000 }

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

export interface Router {
  /**
   * The engines that serve a model, in the order of the settings. Rejects with an `ApiError`: 403
   * where the caller may not use it, 404 where no engine has it, 503 where no engine can be
   * reached. `caller`: who asks, for engines that do not answer everybody.
   */
  pick(
    model: string | null | undefined,
    access: ModelAccess,
    caller?: EngineCaller,
  ): Promise<readonly [Route, ...Route[]]>
  /**
   * All models served now that the caller may use, those of upstreams first. `hops`: the hop list
   * of the request.
   */
  list(access: ModelAccess, hops?: readonly string[], caller?: EngineCaller): Promise<Model[]>
  /**
   * The models of the last listing that the caller may use, each with the engines that serve it;
   * sends no request.
   */
  known(access: ModelAccess, caller?: EngineCaller): ServedModel[]
  /** One model served now. Rejects with an `ApiError` (403, 404, 503). */
  find(
    id: string,
    access: ModelAccess,
    hops?: readonly string[],
    caller?: EngineCaller,
  ): Promise<Model>
}

/** `defaultModel`: for requests that name none. `aliases`: the model for each alias. */
export function createRouter(
  catalog: Catalog,
  defaultModel: string | undefined,
  aliases: Aliases = {},
): Router {
  async function list(
    access: ModelAccess,
    hops?: readonly string[],
    caller?: EngineCaller,
  ): Promise<Model[]> {
    const entries = usableBy(caller, await catalog.entries(0, hops))
    await catalog.addSizes(entries, hops)
    const models = entries.filter((entry) => entry.error === undefined).flatMap(modelsOf)
    const own = models.filter(({ id }) => !Object.hasOwn(aliases, id))
    own.splice(
      own.findIndex(({ id }) => id === STATIC_MODEL),
      0,
      ...aliasModels(models, aliases),
    )
    const seen = new Set<string>()
    return own.filter(({ id }) => (access?.(id) ?? true) && !seen.has(id) && seen.add(id))
  }

  return {
    list,
    known: (access, caller) =>
      servedModels(usableBy(caller, catalog.known), aliases).filter(
        ({ id }) => access?.(id) ?? true,
      ),
    async pick(asked, access, caller) {
      if (asked) requireModelName(asked)
      if (asked) requireModelAccess(access, asked)
      const cached = catalog.cachedEntries(CATALOG_MAX_AGE.found)
      const known = usableBy(caller, cached instanceof Promise ? await cached : cached)
      const what = wantedModel(asked, access, { defaultModel, aliases }, known)
      // With a fixed set of engines, a single upstream gets any named model without waiting for its
      // list.
      const isAll = catalog.isFixed && what.model !== undefined
      const remembered = pickFrom(known, what, isAll)
      if (remembered !== undefined) return remembered
      const entries = usableBy(caller, await catalog.entries(CATALOG_MAX_AGE.missing))
      const routes = pickFrom(entries, what, true)
      if (routes === undefined) throw notFound(what, entries)
      return routes
    },
    async find(id, access, hops, caller) {
      requireModelName(id)
      requireModelAccess(access, id)
      const models = await list(undefined, hops, caller)
      const model = findByName(models, id)
      if (model !== undefined) return model
      const entries = usableBy(caller, await catalog.cachedEntries(CATALOG_MAX_AGE.found))
      const down = entries.filter((entry) => findByName(entry.models, id) !== undefined)
      if (down.length > 0)
        throw unavailable(
          down.map(({ engine }) => engine.label),
          reasonOf(down),
        )
      throw notFound({ model: id, access, aliases }, entries)
    },
  }
}

/** The entries of the engines that answer this caller. */
function usableBy(caller: EngineCaller | undefined, entries: CatalogEntry[]): CatalogEntry[] {
  const isOpen = ({ engine }: CatalogEntry) => mayUseEngine(engine, caller)
  return entries.every(isOpen) ? entries : entries.filter(isOpen)
}

/** Resolves aliases and the default. `entries`: the models that there are, which come before aliases. */
function wantedModel(
  asked: string | null | undefined,
  access: ModelAccess,
  { defaultModel, aliases }: { defaultModel: string | undefined; aliases: Aliases },
  entries: readonly CatalogEntry[],
): WantedModel {
  if (asked) return { model: resolveName(asked, aliases, entries), access, aliases }
  const target = defaultModel === undefined ? undefined : resolveAlias(defaultModel, aliases)
  const mayUse = [defaultModel, target].some((name) => name && (access?.(name) ?? true))
  return { model: mayUse ? target : undefined, access, aliases }
}

/** Resolves aliases, also for a name with `:latest` that no engine lists. */
function resolveName(
  name: string,
  aliases: Aliases,
  entries: readonly CatalogEntry[],
): string | undefined {
  const plain = withoutLatest(name)
  if (Object.hasOwn(aliases, name) || plain === name) return resolveAlias(name, aliases)
  const isListed = entries.some(({ models }) => modelWithId(models, name) !== undefined)
  const isShort = plain === STATIC_MODEL || Object.hasOwn(aliases, plain)
  return isShort && !isListed ? resolveAlias(plain, aliases) : name
}

/** Throws an `ApiError` (400) for what no model is called. */
function requireModelName(name: string): void {
  if (isModelName(name)) return
  const message = `model: expected at most ${MAX_MODEL_NAME} characters without control or invisible characters, got ${quoted(name)}; use one of the models that GET /v1/models lists.`
  throw badRequest(message, 'model')
}

type Routes = readonly [Route, ...Route[]]

/** `isAll`: the entries are current, so that no other engine or model can exist. */
function pickFrom(
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

function modelsOf({ models }: CatalogEntry): Model[] {
  return models
}
