import { closest } from '../closest.ts'
import { ApiError } from '../wire/errors.ts'
import { type Aliases, aliased, meant } from './aliases.ts'
import type { Catalog, Entry } from './catalog.ts'
import type { Engine, Model } from './engine.ts'
import { STATIC_MODEL } from './static.ts'

/** Milliseconds for which a model found is believed to be there, and one not found not to be. */
const BELIEVED = { found: 30_000, missing: 1_000 }

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
   * The engines that serve a model, in the order of the settings. Rejects with an `ApiError` (404)
   * where none does.
   */
  pick(model: string | null | undefined): Promise<[Route, ...Route[]]>
  /** All models served now, those of upstreams first. */
  list(): Promise<Model[]>
  /** One model served now. Rejects with an `ApiError` (404). */
  find(id: string): Promise<Model>
}

/** `defaultModel` serves requests that name none; `aliases` are names of models by other names. */
export function createRouter(
  catalog: Catalog,
  defaultModel: string | undefined,
  aliases: Aliases = {},
): Router {
  async function list(): Promise<Model[]> {
    const entries = await catalog.entries(0)
    const models = entries.filter((entry) => entry.error === undefined).flatMap(modelsOf)
    const own = models.filter(({ id }) => !Object.hasOwn(aliases, id))
    own.splice(own.findIndex(named(STATIC_MODEL)), 0, ...aliased(models, aliases))
    const seen = new Set<string>()
    return own.filter(({ id }) => !seen.has(id) && seen.add(id))
  }

  return {
    list,
    async pick(asked) {
      const model = meant(asked || defaultModel, aliases)
      // A named model needs no list where there is but one place to go: it may be slow to list.
      const isAll = catalog.isFixed && model !== undefined
      const known = catalog.remembered(BELIEVED.found)
      const remembered = pickFrom(known instanceof Promise ? await known : known, model, isAll)
      if (remembered !== undefined) return remembered
      const entries = await catalog.entries(BELIEVED.missing)
      const routes = pickFrom(entries, model, true)
      if (routes === undefined) throw unknownModel(model, entries, aliases)
      return routes
    },
    async find(id) {
      const models = await list()
      const model = models.find(named(id)) ?? models.find(named(`${id}:latest`))
      if (model !== undefined) return model
      throw unknownModel(id, await catalog.remembered(BELIEVED.found), aliases)
    },
  }
}

type Routes = [Route, ...Route[]]

/** `isAll`: there can be no other engines or models than these. */
function pickFrom(entries: Entry[], model: string | undefined, isAll: boolean): Routes | undefined {
  const own = entries.at(-1) as Entry
  const upstreams = entries.slice(0, -1)
  if (model === STATIC_MODEL) return [routeTo(own, model)]
  const listed = model === undefined ? firstOf(upstreams) : findIn(upstreams, model)
  if (listed !== undefined || !isAll) return listed
  // Nothing else exists: better a fixed text than none.
  if (upstreams.length === 0) return [routeTo(own, STATIC_MODEL)]
  // The one upstream knows best what it can load.
  const [only, another] = upstreams
  const isTaken = only && !another && (model === undefined || only.engine.takes?.(model) !== false)
  return isTaken ? [routeTo(only, model)] : undefined
}

function firstOf(upstreams: Entry[]): Routes | undefined {
  for (const { models, error } of upstreams) {
    const model = models.find(({ loaded }) => loaded !== false)
    if (model !== undefined && error === undefined) return findIn(upstreams, model.id)
  }
  return undefined
}

/** Ollama lists `llama3.2:latest` for what people call `llama3.2`. */
function findIn(upstreams: Entry[], model: string): Routes | undefined {
  for (const id of [model, `${model}:latest`]) {
    const [first, ...others] = upstreams.filter(({ models }) => models.some(named(id)))
    if (first === undefined) continue
    const standIns = first.engine.isServer ? others : []
    return [first, ...standIns].map((one) => routeTo(one, id)) as Routes
  }
  return undefined
}

function routeTo({ engine, error }: Entry, model: string | undefined): Route {
  return { engine, model, isDown: error !== undefined }
}

function named(id: string): (model: Model) => boolean {
  return (model) => model.id === id
}

function modelsOf({ models }: Entry): Model[] {
  return models
}

function unknownModel(model: string | undefined, entries: Entry[], aliases: Aliases): ApiError {
  const silent = entries
    .filter(({ error }) => error !== undefined)
    .map(({ engine }) => engine.label)
  const unasked = silent.length > 0 ? ` ${silent.join(' and ')} could not be asked just now.` : ''
  if (model === undefined) {
    const message = `model: no upstream lists a model, so the request has to name one.${unasked}`
    return new ApiError(404, message, { code: 'model_not_found', param: 'model' })
  }
  const names = entries.flatMap(modelsOf).map(({ id }) => id.replace(/:latest$/, ''))
  const near = closest(model, [...names, ...Object.keys(aliases)])
  const hint =
    near.length > 0
      ? `did you mean ${near.map((id) => JSON.stringify(id)).join(' or ')}?`
      : 'GET /v1/models lists those there are.'
  const message = `model: no engine serves ${JSON.stringify(model.slice(0, 80))}; ${hint}${unasked}`
  return new ApiError(404, message, { code: 'model_not_found', param: 'model' })
}
