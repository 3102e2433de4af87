import { isModelName, MAX_MODEL_NAME } from '../../util/safe/model-name.ts'
import { quoted } from '../../util/safe/quoted.ts'
import { badRequest } from '../../wire/errors/api-error.ts'
import type { EngineCaller, Model } from '../engine.ts'
import { STATIC_MODEL } from '../static/model.ts'
import { type Aliases, aliasModels, resolveAlias } from './aliases.ts'
import type { Catalog, CatalogEntry } from './catalog.ts'
import { type ModelAccess, mayUseEngine, requireModelAccess } from './model-access.ts'
import { findByName, modelWithId, withoutLatest } from './model-index.ts'
import { notFound, type WantedModel } from './not-found.ts'
import { pickFrom, type Route } from './pick-routes.ts'
import { type ServedModel, servedModels } from './served-models.ts'
import { reasonOf, unavailable } from './unavailable.ts'

export type { Route } from './pick-routes.ts'

/** Milliseconds a cached catalog is used where it has the model, and where it does not. */
const CATALOG_MAX_AGE = { found: 30_000, missing: 1_000 }

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

function modelsOf({ models }: CatalogEntry): Model[] {
  return models
}
