/** The models in Ollama's API, of any engine. */
import type { Model, OllamaQuestion } from '../../engines/engine.ts'
import { isObject } from '../../util/object.ts'
import { VERSION } from '../../version.ts'
import { badRequest } from '../../wire/errors/api-error.ts'
import { type KnownModel, ollamaTag, runningModel, shownModel } from '../../wire/ollama/models.ts'
import { OLLAMA_VERSION } from '../../wire/ollama/version.ts'
import { readBody } from '../exchange.ts'
import { jsonResponse } from '../json.ts'
import type { RouteContext, RouteHandler, RouteRequest } from '../route.ts'
import type { Trace } from '../trace.ts'
import { isRunning, knownModels, ownName } from './known-models.ts'

/** `GET /api/tags`: the models that the caller may use. */
export const listOllamaModels: RouteHandler = async (request, trace, context) => {
  const known = await listed(request, trace, context, 'tags')
  return jsonResponse({ models: known.map(ollamaTag) })
}

/** `GET /api/ps`: those of them that are loaded. */
export const listRunningModels: RouteHandler = async (request, trace, context) => {
  const known = await listed(request, trace, context, 'ps')
  const running = known.filter(isRunning)
  const names = new Set(running.map(({ model }) => model.id))
  // A model is listed by an alias only where the caller may use it by no other name.
  const once = running.filter(({ model }) => model.root === undefined || !names.has(ownName(model)))
  return jsonResponse({ models: once.map(runningModel) })
}

/** `POST /api/show`. Rejects with an `ApiError` (400, 403, 404, 503). */
export const showOllamaModel: RouteHandler = async (request, trace, context) => {
  const body = await readBody(request, trace, context)
  const name = nameIn(body)
  const model = await context.router.find(name, trace.caller?.mayUseModel, trace.hops, trace.caller)
  const verbose = isObject(body) && body.verbose === true
  const question = { api: 'show', model: ownName(model), verbose } as const
  const [known] = await described([model], question, request, trace, context)
  return jsonResponse(known && shownModel(known))
}

/** `GET /api/version`: Ollama's, whose API this is, and that of sluice. */
export const getOllamaVersion: RouteHandler = async () => {
  return jsonResponse({ version: OLLAMA_VERSION, sluice: VERSION })
}

async function listed(
  request: RouteRequest,
  trace: Trace,
  context: RouteContext,
  api: 'tags' | 'ps',
): Promise<KnownModel[]> {
  const models = await context.router.list(trace.caller?.mayUseModel, trace.hops, trace.caller)
  return described(models, { api }, request, trace, context)
}

async function described(
  models: readonly Model[],
  question: OllamaQuestion,
  { signal }: RouteRequest,
  { hops, traceContext: trace }: Trace,
  { router, catalog }: RouteContext,
): Promise<KnownModel[]> {
  // The list of a request that came through another sluice is for that one alone.
  if (catalog.known.some(({ isUnknown }) => isUnknown)) await catalog.entries(0)
  // The caller may use these models, whatever the name by which it asked for one.
  return knownModels(models, router.known(undefined), question, { signal, hops, trace })
}

/** The model that a request names. Throws an `ApiError` (400). Older clients send `name`. */
function nameIn(body: unknown): string {
  const { model, name } = isObject(body) ? body : {}
  const found = [model, name].find((each) => typeof each === 'string' && each !== '')
  if (typeof found === 'string') return found
  const message =
    'model: expected the name of a model, got none; send one that GET /api/tags lists.'
  throw badRequest(message, 'model')
}
