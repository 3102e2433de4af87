import { isObject } from '../../util/object.ts'
import { modelFields } from '../../wire/models/fields.ts'
import type { Engine, Model } from '../engine.ts'
import { STATIC_MODEL } from '../static/static.ts'

/**
 * An engine's models as clients may see them. Only the built-in engine may have one named `static`:
 * the one of another sluice would be taken for it.
 */
export function visibleModels(engine: Engine, models: Model[]): Model[] {
  const isOwn = engine.label === STATIC_MODEL && engine.isServer !== true
  const own = isOwn ? models : models.filter(({ id }) => id !== STATIC_MODEL)
  return own.map((model) => {
    const loaded = isLoaded(model)
    return { ...modelFields(model), ...(loaded !== undefined && { loaded }) }
  })
}

/** Whether a model is loaded; undefined where its server does not tell. */
function isLoaded({ loaded, status, state }: Model): boolean | undefined {
  if (typeof loaded === 'boolean') return loaded
  // llama-server's router, and LM Studio.
  const told = isObject(status) ? status.value : state
  if (told === 'loaded') return true
  return told === 'unloaded' || told === 'not-loaded' ? false : undefined
}
