/** Which models a caller may use: asked where the engine is chosen, and nowhere else. */
import { ApiError } from '../wire/errors.ts'
import type { Aliases } from './aliases.ts'
import type { Model } from './engine.ts'

/** Whether a caller may ask for a model by this name; undefined for one who may ask for all. */
export type ModelAccess = ((name: string) => boolean) | undefined

/** The names that its server gives a model beside its id, as llama-server does. */
export function otherNames({ aliases }: Model): string[] {
  return Array.isArray(aliases) ? aliases.filter((name) => typeof name === 'string') : []
}

/** Every name that a model can be asked by: its own, those its server lists, and aliases of both. */
function namesOf(model: Model, aliases: Aliases): string[] {
  const own = [model.id, ...otherNames(model)]
  const short = own.map((name) => name.replace(/:latest$/, ''))
  const all = new Set([...own, ...short])
  for (const [alias, target] of Object.entries(aliases)) if (all.has(target)) all.add(alias)
  return [...all]
}

/** Whether a caller who names no model may be given this one: it could be asked for by some name. */
export function mayUseModel(access: ModelAccess, model: Model, aliases: Aliases): boolean {
  return access === undefined || namesOf(model, aliases).some(access)
}

/** Throws an `ApiError` (403) where the caller may not ask for a model by this name. */
export function requireName(access: ModelAccess, name: string): void {
  if (access === undefined || access(name)) return
  const shown = JSON.stringify(name.slice(0, 80))
  throw notAllowed(`this key may not use ${shown}; GET /v1/models lists those it may.`)
}

/** An `ApiError` (403) for what the caller may not use. */
export function notAllowed(why: string): ApiError {
  return new ApiError(403, `model: ${why}`, { code: 'model_not_allowed', param: 'model' })
}
