/**
 * Which models a caller may use. A request's `model` is checked where its engine is chosen; other
 * fields that name models are checked where the body is read.
 */

import { isObject } from '../../util/object.ts'
import { quoted } from '../../util/safe/quoted.ts'
import { ApiError } from '../../wire/errors/api-error.ts'
import { inLowerCase } from '../../wire/json/checked-keys.ts'
import type { Engine, EngineCaller, Model } from '../engine.ts'
import type { Aliases } from './aliases.ts'
import { otherNames } from './model-index.ts'

/**
 * Whether a caller may use a model of this name; undefined for a caller that may use every model.
 */
export type ModelAccess = ((name: string) => boolean) | undefined

/** Whether an engine answers a caller's requests. Those that answer everybody do where nobody is known. */
export function mayUseEngine(engine: Engine, caller: EngineCaller | undefined): boolean {
  return engine.mayServe?.(caller ?? NOBODY) ?? true
}

const NOBODY: EngineCaller = { name: '', isAdmin: false }

/**
 * Every name a model can be requested by: its id, its server's other names, and aliases of both.
 */
function allNames(model: Model, aliases: Aliases): string[] {
  const own = [model.id, ...otherNames(model)]
  const short = own.map((name) => name.replace(/:latest$/, ''))
  const all = new Set([...own, ...short])
  for (const [alias, target] of Object.entries(aliases)) if (all.has(target)) all.add(alias)
  return [...all]
}

/** Whether a request that names no model may get this one: the caller may use one of its names. */
export function mayUseModel(access: ModelAccess, model: Model, aliases: Aliases): boolean {
  return access === undefined || allNames(model, aliases).some(access)
}

/** Throws an `ApiError` (403) where the caller may not use a model of this name. */
export function requireModelAccess(access: ModelAccess, name: string): void {
  if (access === undefined || access(name)) return
  const shown = quoted(name)
  throw notAllowed(
    `you may not use ${shown}; use one of the models that GET /v1/models lists for you.`,
  )
}

/**
 * Fields besides `model` from which routers behind sluice read models: OpenRouter `models`, Bifrost
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
 * Throws an `ApiError` (403) where a caller with limited access names models in other fields than
 * `model`: sluice can't know which of them the server behind it would choose.
 */
export function requireOneModel(access: ModelAccess, body: unknown): void {
  if (access === undefined || !isObject(body)) return
  for (const key in body) {
    if (key.length > LONGEST_FIELD || body[key] === null) continue
    // Routers written in Go match JSON keys regardless of case.
    if (!OTHER_MODELS.has(inLowerCase(key))) continue
    throw new ApiError(
      403,
      `${key}: expected no further models, got this field, and you may not use every model; remove it and name one model in model.`,
      { code: 'model_not_allowed', param: key },
    )
  }
}

/** An `ApiError` (403) for a model that the caller may not use. */
export function notAllowed(why: string): ApiError {
  return new ApiError(403, `model: ${why}`, { code: 'model_not_allowed', param: 'model' })
}
