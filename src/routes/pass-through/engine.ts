/** Which engine answers a request that is forwarded. */
import type { Engine, PassCall } from '../../engines/engine.ts'
import type { Attempt } from '../../engines/pool/pool.ts'
import type { CatalogEntry } from '../../engines/registry/catalog.ts'
import { type ModelAccess, mayUseModel, notAllowed } from '../../engines/registry/model-access.ts'
import type { Route } from '../../engines/registry/router.ts'
import type { Settings } from '../../settings/settings.ts'
import type { Exchange } from '../../stream/exchange.ts'
import { quoted } from '../../util/safe/quoted.ts'
import { ApiError, badRequest } from '../../wire/errors/api-error.ts'
import { EVERY_PATH } from '../../wire/pass-through/paths.ts'
import type { RouteContext } from '../route.ts'
import { labelsOf, serverLabelled, serversOf, withLabel } from '../servers.ts'
import type { PassThroughRoute } from './pass-route.ts'

/** What a request says of who is to answer it. */
export interface PassTarget {
  route: PassThroughRoute
  call: PassCall
  model: string | undefined
  /** The label of an upstream, where the request names one. */
  upstream?: string | undefined
}

type Context = Pick<RouteContext, 'catalog' | 'pool' | 'settings'>

/**
 * Asks the engines of the model that is named; else what the setting names for this path; else those of the
 * default model; else the only engine that can answer. Rejects with an `ApiError`.
 */
export async function askPassing<T>(
  { catalog, pool, settings }: Context,
  exchange: Exchange,
  { route, call, model, upstream }: PassTarget,
  attempt: Attempt<T>,
): Promise<T> {
  const allowed = { access: exchange.modelAccess, aliases: settings.alias }
  const can = (engine: Engine) => canPass(engine, call, model)
  const rule = settings.passThrough[route.rule] ?? settings.passThrough[EVERY_PATH]
  const byModel = (name: string | undefined) => pool.answer(exchange, name, attempt, can)
  if (model !== undefined && upstream === undefined) return byModel(model)
  const entries = await serversOf(catalog)
  const at = (entry: CatalogEntry) =>
    pool.answerFrom(exchange, [routeAt(entry, allowed, model)], attempt)
  if (upstream !== undefined) return at(serverLabelled(entries, upstream))
  if (rule !== undefined) {
    const entry = withLabel(entries, rule)
    return entry === undefined ? byModel(rule) : at(entry)
  }
  if (settings.model !== undefined) return byModel(undefined)
  const able = entries.filter(({ engine }) => can(engine))
  const [only, another] = able.length > 0 ? able : entries
  if (only === undefined) throw noUpstream(route)
  if (another === undefined) return at(only)
  const shared = onlyModelOf(able)
  if (shared !== undefined) return byModel(shared)
  throw unclear(route, able.length > 0 ? able : entries)
}

/** Throws an `ApiError` (400) where the engine runs here and forwards nothing. */
export function requirePassing(
  engine: Engine,
  { method, shownPath }: PassCall,
  model: string | undefined,
): asserts engine is Engine & Required<Pick<Engine, 'pass'>> {
  if (engine.pass !== undefined) return
  const message = `model: ${model ?? engine.label} is not on a server to which ${method} ${shownPath} can be forwarded; name a model of an upstream that offers it.`
  throw new ApiError(400, message, { code: 'model_not_capable', param: 'model' })
}

function canPass(engine: Engine, call: PassCall, model: string | undefined): boolean {
  return engine.pass !== undefined && engine.lacks?.(call, model) !== true
}

/**
 * One engine, which chooses among its models itself; for a caller who may not use all of them, the first
 * one that the caller may use. Throws an `ApiError` (403) where there is none.
 */
function routeAt(
  { engine, models, error }: CatalogEntry,
  { access, aliases }: { access: ModelAccess; aliases: Settings['alias'] },
  named: string | undefined,
): Route {
  const isDown = error !== undefined
  if (access === undefined) return { engine, model: named, isDown }
  const usable = models.filter((model) => mayUseModel(access, model, aliases))
  const model =
    named === undefined
      ? (usable.find(({ loaded }) => loaded !== false) ?? usable[0])
      : usable.find(({ id }) => id === named)
  if (model !== undefined) return { engine, model: model.id, isDown }
  throw notAllowed(
    `you may not use ${named === undefined ? `any model that ${engine.label} lists` : quoted(named)}; name one that GET /v1/models lists for you.`,
  )
}

/** The model of all engines, where they have the same one and no other. */
function onlyModelOf(entries: readonly CatalogEntry[]): string | undefined {
  const names = new Set(entries.flatMap(({ models }) => models.map(({ id }) => id)))
  const isOfAll = entries.every(({ models }) => models.length === 1)
  return isOfAll && names.size === 1 ? [...names][0] : undefined
}

/** Only admins learn which upstreams there are. */
function unclear(
  { method, path, rule, body }: PassThroughRoute,
  entries: readonly CatalogEntry[],
): ApiError {
  if (body === 'query') {
    return badRequest(
      `upstream: expected the label of one server, since there are several (${labelsOf(entries)}), got none; add ?upstream=${entries[0]?.engine.label ?? 'LABEL'} to the URL.`,
      'upstream',
    )
  }
  return badRequest(
    `model: expected the name of a model, since several servers could answer ${method} ${path}, got none; name one that GET /v1/models lists, or let the operator choose with --pass-through ${rule}=LABEL.`,
    'model',
  )
}

function noUpstream({ method, path }: PassThroughRoute): ApiError {
  const message = `model: no model server was found that ${method} ${path} could be forwarded to, only the built-in model "static"; start a server, or configure one with --upstream.`
  return new ApiError(404, message, { code: 'model_not_found', param: 'model' })
}
