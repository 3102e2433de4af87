/** Which engines serve a model, of those that are known. */
import type { Engine, Model } from '../engine.ts'
import { STATIC_MODEL } from '../static/static.ts'
import { type Aliases, withoutLatest } from './aliases.ts'
import type { CatalogEntry } from './catalog.ts'
import { type ModelAccess, mayUseModel, otherNames } from './model-access.ts'

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

/** The model to find an engine for. */
export interface WantedModel {
  /** Undefined where the request names none and there is no default model the caller may use. */
  model: string | undefined
  access: ModelAccess
  aliases: Aliases
}

type Routes = [Route, ...Route[]]

/** `isAll`: the entries are current, so that no other engine or model can exist. */
export function pickFrom(
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
    const serving = upstreams.flatMap((entry) => {
      const found = entry.models.find(matches)
      return found ? [{ entry, found }] : []
    })
    const [first, ...others] = serving
    if (first === undefined) continue
    const { isServer, allowsFailover } = first.entry.engine
    const alternatives = isServer || allowsFailover ? others : []
    const routes = [first, ...alternatives].map(({ entry, found: { id, loaded } }) => {
      return { ...routeTo(entry, id), loaded }
    })
    return routes as Routes
  }
  return undefined
}

/** The ways a name can match a model, the most exact first. */
function nameMatchers(name: string): ((model: Model) => boolean)[] {
  const named = [hasId(name), hasOtherName(name)]
  // Ollama lists `llama3.2:latest` for the name `llama3.2`; its clients may ask any server for either.
  const plain = withoutLatest(name)
  return plain === name
    ? [...named, hasId(`${name}:latest`)]
    : [...named, hasId(plain), hasOtherName(plain)]
}

/** The model of this name, or of another one that it has. */
export function findByName(models: Model[], name: string): Model | undefined {
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

export function hasId(id: string): (model: Model) => boolean {
  return (model) => model.id === id
}
