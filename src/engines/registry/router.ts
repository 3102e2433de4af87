import { closestMatches } from '../../util/closest-matches.ts'
import { ApiError } from '../../wire/errors/api-error.ts'
import type { Engine, Model } from '../engine.ts'
import { STATIC_MODEL } from '../static/static.ts'
import { type Aliases, aliasModels, resolveAlias } from './aliases.ts'
import type { Catalog, CatalogEntry } from './catalog.ts'
import {
  type ModelAccess,
  mayUseModel,
  notAllowed,
  otherNames,
  requireModelAccess,
} from './model-access.ts'
import { unavailable } from './unavailable.ts'

/** Milliseconds for which a model found is believed to be there, and one not found not to be. */
const CATALOG_MAX_AGE = { found: 30_000, missing: 1_000 }

/** Where a request goes, and the model's name there. */
export interface Route {
  engine: Engine
  /** Undefined where the upstream is to choose. */
  model: string | undefined
  /** Whether the engine could not be asked for its models when that was last tried. */
  isDown: boolean
}

export interface Router {
  /**
   * The engines that serve a model, in the order of the settings. Rejects with an `ApiError`: 403
   * where the caller may not use it, 404 where none serves it, 503 where none can be asked now.
   */
  pick(model: string | null | undefined, access: ModelAccess): Promise<[Route, ...Route[]]>
  /**
   * All models served now that the caller may ask for, those of upstreams first. `hops`: the sluices
   * that the request has passed.
   */
  list(access: ModelAccess, hops?: readonly string[]): Promise<Model[]>
  /** One model served now. Rejects with an `ApiError` (403, 404, 503). */
  find(id: string, access: ModelAccess, hops?: readonly string[]): Promise<Model>
}

/** What is looked for. */
interface WantedModel {
  /** Undefined where the request names none, and no default model may be used. */
  model: string | undefined
  access: ModelAccess
  aliases: Aliases
}

/** `defaultModel` serves requests that name none; `aliases` are names of models by other names. */
export function createRouter(
  catalog: Catalog,
  defaultModel: string | undefined,
  aliases: Aliases = {},
): Router {
  async function list(access: ModelAccess, hops?: readonly string[]): Promise<Model[]> {
    const entries = await catalog.entries(0, hops)
    const models = entries.filter((entry) => entry.error === undefined).flatMap(modelsOf)
    const own = models.filter(({ id }) => !Object.hasOwn(aliases, id))
    own.splice(own.findIndex(hasId(STATIC_MODEL)), 0, ...aliasModels(models, aliases))
    const seen = new Set<string>()
    return own.filter(({ id }) => (access?.(id) ?? true) && !seen.has(id) && seen.add(id))
  }

  /** The model that is meant, where the caller may use it. Throws an `ApiError` (403). */
  function resolveModel(asked: string | null | undefined, access: ModelAccess): WantedModel {
    if (asked) requireModelAccess(access, asked)
    const standIn = defaultModel === undefined ? undefined : resolveAlias(defaultModel, aliases)
    const mayUseDefault = [defaultModel, standIn].some((name) => name && (access?.(name) ?? true))
    const model = asked ? resolveAlias(asked, aliases) : mayUseDefault ? standIn : undefined
    return { model, access, aliases }
  }

  return {
    list,
    async pick(asked, access) {
      const what = resolveModel(asked, access)
      // A named model needs no list where there is but one place to go: it may be slow to list.
      const isAll = catalog.isFixed && what.model !== undefined
      const known = catalog.cachedEntries(CATALOG_MAX_AGE.found)
      const remembered = pickFrom(known instanceof Promise ? await known : known, what, isAll)
      if (remembered !== undefined) return remembered
      const entries = await catalog.entries(CATALOG_MAX_AGE.missing)
      const routes = pickFrom(entries, what, true)
      if (routes === undefined) throw notFound(what, entries)
      return routes
    },
    async find(id, access, hops) {
      requireModelAccess(access, id)
      const models = await list(undefined, hops)
      const model = findByName(models, id)
      if (model !== undefined) return model
      const entries = await catalog.cachedEntries(CATALOG_MAX_AGE.found)
      const down = entries.filter((entry) => findByName(entry.models, id) !== undefined)
      if (down.length > 0) throw unavailable(down.map(({ engine }) => engine.label))
      throw notFound({ model: id, access, aliases }, entries)
    },
  }
}

type Routes = [Route, ...Route[]]

/** `isAll`: there can be no other engines or models than these. */
function pickFrom(
  entries: CatalogEntry[],
  wanted: WantedModel,
  isAll: boolean,
): Routes | undefined {
  const { model, access } = wanted
  const own = entries.at(-1) as CatalogEntry
  const upstreams = entries.slice(0, -1)
  if (model === STATIC_MODEL) return [routeTo(own, model)]
  const listed =
    model === undefined ? defaultRoutes(upstreams, wanted) : routesFor(upstreams, model)
  if (listed !== undefined || !isAll) return listed
  const [only, another] = upstreams
  // A fixed text stands in for no model that was named.
  if (only === undefined) {
    const isFree = model === undefined && (access?.(STATIC_MODEL) ?? true)
    return isFree ? [routeTo(own, STATIC_MODEL)] : undefined
  }
  // The one upstream knows best what it can load; but not what a key may use.
  const isOpen = model === undefined ? access === undefined : only.engine.takes?.(model) !== false
  return isOpen && !another ? [routeTo(only, model)] : undefined
}

/**
 * For a request that names no model. In the order of the settings, the first engine that has a model
 * which is loaded, or whose state is not known, gives that one; if there is none, the first model that
 * a server would have to load. An engine that is no server loads no model unless it is named.
 */
function defaultRoutes(
  upstreams: CatalogEntry[],
  { access, aliases }: WantedModel,
): Routes | undefined {
  const able = upstreams.filter(({ error }) => error === undefined)
  const usable = able.map(({ engine, models }) => {
    return { engine, models: models.filter((model) => mayUseModel(access, model, aliases)) }
  })
  const ready = usable.map(({ models }) => {
    return models.find(({ loaded }) => loaded === true) ?? models.find(isPerhapsLoaded)
  })
  const first = ready.find((model) => model !== undefined)
  const other = usable.find(({ engine, models }) => engine.isServer && models.length > 0)
  const model = first ?? other?.models[0]
  return model && routesFor(upstreams, model.id)
}

function isPerhapsLoaded({ loaded }: Model): boolean {
  return loaded !== false
}

function routesFor(upstreams: CatalogEntry[], model: string): Routes | undefined {
  for (const isMeant of nameMatchers(model)) {
    const serving = upstreams.flatMap((entry) => {
      const found = entry.models.find(isMeant)
      return found ? [{ entry, id: found.id }] : []
    })
    const [first, ...others] = serving
    if (first === undefined) continue
    const { isServer, hasStandIns } = first.entry.engine
    const standIns = isServer || hasStandIns ? others : []
    return [first, ...standIns].map(({ entry, id }) => routeTo(entry, id)) as Routes
  }
  return undefined
}

/** How a name may mean a model, the likeliest first. */
function nameMatchers(name: string): ((model: Model) => boolean)[] {
  // Ollama lists `llama3.2:latest` for what people call `llama3.2`.
  return [hasId(name), (model) => otherNames(model).includes(name), hasId(`${name}:latest`)]
}

function findByName(models: Model[], name: string): Model | undefined {
  for (const isMeant of nameMatchers(name)) {
    const model = models.find(isMeant)
    if (model !== undefined) return model
  }
  return undefined
}

function routeTo({ engine, error }: CatalogEntry, model: string | undefined): Route {
  return { engine, model, isDown: error !== undefined }
}

function hasId(id: string): (model: Model) => boolean {
  return (model) => model.id === id
}

function modelsOf({ models }: CatalogEntry): Model[] {
  return models
}

/** Why nothing was picked. */
function notFound({ model, access, aliases }: WantedModel, entries: CatalogEntry[]): ApiError {
  const upstreams = entries.slice(0, -1)
  const silent = upstreams
    .filter(({ error }) => error !== undefined)
    .map(({ engine }) => engine.label)
  if (silent.length > 0 && silent.length === upstreams.length) return unavailable(silent)
  const unasked = silent.length > 0 ? ` ${silent.join(' and ')} could not be asked just now.` : ''
  if (model === undefined && access !== undefined) {
    return notAllowed(
      `this key may not use every model, and the request names none: name one that it may use.${unasked}`,
    )
  }
  if (model === undefined) {
    return missing(`no upstream lists a model, so the request has to name one.${unasked}`)
  }
  const shown = JSON.stringify(model.slice(0, 80))
  const names = entries.flatMap(modelsOf).map(({ id }) => id.replace(/:latest$/, ''))
  const usable = [...names, ...Object.keys(aliases)].filter((name) => access?.(name) ?? true)
  const near = closestMatches(model, usable)
  if (upstreams.length === 0 && near.length === 0) {
    return missing(`no engine serves ${shown}; ${NO_SERVER}`)
  }
  const hint =
    near.length > 0
      ? `did you mean ${near.map((id) => JSON.stringify(id)).join(' or ')}?`
      : 'GET /v1/models lists those there are.'
  return missing(`no engine serves ${shown}; ${hint}${unasked}`)
}

const NO_SERVER =
  'there is no model server, only the built-in "static": start a server, or name one with --upstream.'

function missing(why: string): ApiError {
  return new ApiError(404, `model: ${why}`, { code: 'model_not_found', param: 'model' })
}
