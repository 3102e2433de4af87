/**
 * Which models a caller may use. The model of a request is checked where the engine is chosen, and its
 * other fields that name models where the body is read.
 */

import { isObject } from '../../util/object.ts'
import { ApiError } from '../../wire/errors/api-error.ts'
import { inLowerCase } from '../../wire/json/scan.ts'
import type { Model } from '../engine.ts'
import type { Aliases } from './aliases.ts'

/** Whether a caller may ask for a model by this name; undefined for one who may ask for all. */
export type ModelAccess = ((name: string) => boolean) | undefined

/** The names that its server gives a model beside its id, as llama-server does. */
export function otherNames({ aliases }: Model): string[] {
  return Array.isArray(aliases) ? aliases.filter((name) => typeof name === 'string') : []
}

/** Every name that a model can be asked by: its own, those its server lists, and aliases of both. */
function allNames(model: Model, aliases: Aliases): string[] {
  const own = [model.id, ...otherNames(model)]
  const short = own.map((name) => name.replace(/:latest$/, ''))
  const all = new Set([...own, ...short])
  for (const [alias, target] of Object.entries(aliases)) if (all.has(target)) all.add(alias)
  return [...all]
}

/** Whether a caller who names no model may be given this one: it could be asked for by some name. */
export function mayUseModel(access: ModelAccess, model: Model, aliases: Aliases): boolean {
  return access === undefined || allNames(model, aliases).some(access)
}

/** Throws an `ApiError` (403) where the caller may not ask for a model by this name. */
export function requireModelAccess(access: ModelAccess, name: string): void {
  if (access === undefined || access(name)) return
  const shown = JSON.stringify(name.slice(0, 80))
  throw notAllowed(`this key may not use ${shown}; GET /v1/models lists those it may.`)
}

/**
 * Fields in which routers behind sluice read other models than `model`: OpenRouter `models`, Bifrost
 * `fallbacks`, LiteLLM all but the first. https://docs.litellm.ai/docs/proxy/reliability
 */
const OTHER_MODELS = new Set([
  'models',
  'fallbacks',
  'context_window_fallbacks',
  'content_policy_fallbacks',
  'model_list',
])

const LONGEST_FIELD = Math.max(...[...OTHER_MODELS].map((name) => name.length))

/**
 * Throws an `ApiError` (403) where a caller who may not ask for every model names others than `model`
 * in a body: which of them a server behind sluice would take is not known here.
 */
export function requireOneModel(access: ModelAccess, body: unknown): void {
  if (access === undefined || !isObject(body)) return
  for (const key in body) {
    if (key.length > LONGEST_FIELD || body[key] === null) continue
    // Routers written in Go read a key in any case.
    if (!OTHER_MODELS.has(inLowerCase(key))) continue
    throw new ApiError(
      403,
      `${key}: this key may not use every model, and the request names others here; leave it out, and name one in model.`,
      { code: 'model_not_allowed', param: key },
    )
  }
}

/** An `ApiError` (403) for what the caller may not use. */
export function notAllowed(why: string): ApiError {
  return new ApiError(403, `model: ${why}`, { code: 'model_not_allowed', param: 'model' })
}
