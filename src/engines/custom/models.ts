import { unexpected } from '../../settings/error.ts'
import { isObject } from '../../util/object.ts'
import type { EngineErrors } from '../../wire/errors/engine-errors.ts'
import type { Model } from '../engine.ts'
import { STATIC_MODEL } from '../static/model.ts'
import { badValue } from './errors.ts'
import type { EngineCall } from './generated.ts'

/** Ids of models, or models with an `id` and whatever else `GET /v1/models` is to say of them. */
export type ModelList = readonly (string | ({ id: string } & Partial<Model>))[]

/** Returns the models that the engine has now. */
export type ModelsOf = (call: EngineCall) => ModelList | PromiseLike<ModelList>

/** The models of an engine, and whether it may be asked for one by a name. */
export interface OwnModels {
  list(signal: AbortSignal): Promise<Model[]>
  /** By what was listed last; any name before that. */
  takes(model: string): boolean
}

/** Throws a `SettingsError`. */
export function checkModels(given: unknown): void {
  if (typeof given === 'function') return
  const expected = 'ids of models in an array, or a function that returns one'
  if (!Array.isArray(given) || given.length === 0) {
    throw unexpected('defineEngine: models', expected, given)
  }
  for (const [index, each] of given.entries()) {
    const id = idOf(each)
    if (id !== undefined && id !== STATIC_MODEL) continue
    const what = `the id of a model, or an object with an id, and not "${STATIC_MODEL}"`
    throw unexpected(`defineEngine: models[${index}]`, what, each)
  }
}

export function modelsOf(
  given: ModelList | ModelsOf,
  label: string,
  errors: EngineErrors,
): OwnModels {
  let known = typeof given === 'function' ? undefined : completed(given, label, errors)
  return {
    async list(signal) {
      if (typeof given === 'function') known = completed(await given({ signal }), label, errors)
      return known ?? []
    },
    takes: (model) => known?.some(({ id }) => id === model) ?? true,
  }
}

/** Throws an `ApiError` (502). */
function completed(list: unknown, label: string, errors: EngineErrors): Model[] {
  const expected = 'an array of ids of models, or of objects with an id'
  if (!Array.isArray(list)) throw badValue(errors, 'returned as its models', list, expected)
  return list.map((each) => {
    const id = idOf(each)
    if (id === undefined) throw badValue(errors, 'returned as a model', each, expected)
    const fields = isObject(each) ? each : {}
    return { object: 'model', created: 0, owned_by: label, ...fields, id }
  })
}

function idOf(model: unknown): string | undefined {
  const id = isObject(model) ? model.id : model
  return typeof id === 'string' && id !== '' ? id : undefined
}
