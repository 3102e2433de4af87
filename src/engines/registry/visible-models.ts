import { isObject } from '../../util/object.ts'
import { isModelName } from '../../util/safe/model-name.ts'
import { contextSize, withContextSize } from '../../wire/models/context-size.ts'
import { modelFields } from '../../wire/models/fields.ts'
import type { Engine, Model } from '../engine.ts'
import { STATIC_MODEL } from '../static/model.ts'

/** The most models of one engine: with more, looking one up and showing them all takes long. */
const MAX_MODELS = 10_000

/**
 * An engine's models as clients see them, without those whose names could harm. A model named `static` is left out unless it is the
 * built-in engine's own: another sluice's would be confused with it.
 */
export function visibleModels(engine: Engine, models: Model[]): Model[] {
  const isOwn = engine.label === STATIC_MODEL && engine.isServer !== true
  const own = models.filter(({ id }) => isModelName(id) && (isOwn || id !== STATIC_MODEL))
  return own.slice(0, MAX_MODELS).map(asShown)
}

/** By the model of its engine: one that lists the same again has the same objects. */
const shown = new WeakMap<Model, Model>()

/** A model as clients see it. `model`: not changed after the first call. */
function asShown(model: Model): Model {
  const known = shown.get(model)
  if (known !== undefined) return known
  const loaded = isLoaded(model)
  const sized = withContextSize(modelFields(model), contextSize(model))
  const visible = { ...sized, ...(loaded !== undefined && { loaded }) }
  shown.set(model, visible)
  return visible
}

/** Whether a model is loaded; undefined where its server does not say. */
function isLoaded({ loaded, status, state }: Model): boolean | undefined {
  if (typeof loaded === 'boolean') return loaded
  // llama-server's router has `status.value`, LM Studio `state`.
  const value = isObject(status) ? status.value : state
  if (value === 'loaded') return true
  return value === 'unloaded' || value === 'not-loaded' ? false : undefined
}
