import { closestMatches } from '../../util/closest-matches.ts'
import { isModelName, MAX_MODEL_NAME } from '../../util/safe/model-name.ts'
import { quoted } from '../../util/safe/quoted.ts'
import { ApiError, badRequest } from '../../wire/errors/api-error.ts'
import type { Engine, EngineCaller, Model } from '../engine.ts'
import { STATIC_MODEL } from '../static/static.ts'
import { type Aliases, aliasModels, resolveAlias, withoutLatest } from './aliases.ts'
import type { Catalog, CatalogEntry } from './catalog.ts'
import {
  type ModelAccess,
  mayUseEngine,
  mayUseModel,
  notAllowed,
  otherNames,
  requireModelAccess,
} from './model-access.ts'
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
  ): Promise<[Route, ...Route[]]>
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

/** The model to find an engine for. */
interface WantedModel {
  /** Undefined where the request names none and there is no default model the caller may use. */
  model: string | undefined
  access: ModelAccess
  aliases: Aliases
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
    own.splice(own.findIndex(hasId(STATIC_MODEL)), 0, ...aliasModels(models, aliases))
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
  const isListed = entries.some(({ models }) => models.some(hasId(name)))
  const isShort = plain === STATIC_MODEL || Object.hasOwn(aliases, plain)
  return isShort && !isListed ? resolveAlias(plain, aliases) : name
}

/** Throws an `ApiError` (400) for what no model is called. */
function requireModelName(name: string): void {
  if (isModelName(name)) return
  const message = `model: expected at most ${MAX_MODEL_NAME} characters without control or invisible characters, got ${quoted(name)}; use one of the models that GET /v1/models lists.`
  throw badRequest(message, 'model')
}

type Routes = [Route, ...Route[]]

/** `isAll`: the entries are current, so that no other engine or model can exist. */
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
  // Tabs come and go, and serve what they list: whether there are any changes nothing for other names.
  const [only, another] = upstreams.filter(({ isVisiting }) => !isVisiting)
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
  for (const matches of nameMatchers(model)) {
    const routes: Route[] = []
    for (const entry of upstreams) {
      const found = entry.models.find(matches)
      if (found === undefined) continue
      const { engine, error } = entry
      routes.push({ engine, model: found.id, isDown: error !== undefined, loaded: found.loaded })
      if (!engine.isServer && !engine.allowsFailover && routes.length === 1) break
    }
    if (routes.length > 0) return routes as Routes
  }
  return undefined
}

/** The ways a name can match a model, the most exact first, which is mostly the only one needed. */
function* nameMatchers(name: string): Generator<(model: Model) => boolean, void, void> {
  yield hasId(name)
  yield hasOtherName(name)
  // Ollama lists `llama3.2:latest` for the name `llama3.2`; its clients may ask any server for either.
  const plain = withoutLatest(name)
  yield hasId(plain === name ? `${name}:latest` : plain)
  if (plain !== name) yield hasOtherName(plain)
}

function findByName(models: Model[], name: string): Model | undefined {
  for (const matches of nameMatchers(name)) {
    const model = models.find(matches)
    if (model !== undefined) return model
  }
  return undefined
}

function routeTo({ engine, error }: CatalogEntry, model: string | undefined): Route {
  return { engine, model, isDown: error !== undefined }
}

function hasOtherName(name: string): (model: Model) => boolean {
  return (model) => otherNames(model).includes(name)
}

function hasId(id: string): (model: Model) => boolean {
  return (model) => model.id === id
}

function modelsOf({ models }: CatalogEntry): Model[] {
  return models
}

/** The error where no engine was picked. */
function notFound({ model, access, aliases }: WantedModel, entries: CatalogEntry[]): ApiError {
  const upstreams = entries.slice(0, -1)
  const down = upstreams.filter(({ error }) => error !== undefined)
  const unreachable = down.map(({ engine }) => engine.label)
  if (unreachable.length > 0 && unreachable.length === upstreams.length)
    return unavailable(unreachable, reasonOf(down))
  const note = unreachable.length > 0 ? ` ${unreachable.join(' and ')} could not be reached.` : ''
  if (model === undefined && access !== undefined) {
    return notAllowed(
      `the request names no model, and you may not use every model; name one that GET /v1/models lists for you.${note}`,
    )
  }
  if (model === undefined) {
    return missing(`the request names none, and no upstream lists any; name one in model.${note}`)
  }
  const shown = quoted(model)
  const names = entries.flatMap(modelsOf).map(({ id }) => id.replace(/:latest$/, ''))
  const usable = [...names, ...Object.keys(aliases)].filter((name) => access?.(name) ?? true)
  const near = closestMatches(model, usable)
  if (upstreams.length === 0 && near.length === 0) {
    return missing(`no engine serves ${shown}; ${NO_SERVER}`)
  }
  const hint =
    near.length > 0
      ? `did you mean ${near.map((id) => quoted(id, MAX_MODEL_NAME)).join(' or ')}?`
      : 'use one of the models that GET /v1/models lists.'
  return missing(`no engine serves ${shown}; ${hint}${note}`)
}

const NO_SERVER =
  'no model server was found, only the built-in model "static"; start a server, or configure one with --upstream.'

function missing(why: string): ApiError {
  return new ApiError(404, `model: ${why}`, { code: 'model_not_found', param: 'model' })
}
