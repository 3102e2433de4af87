import type { Model } from '../engines/engine.ts'
import { quoted } from '../util/safe/quoted.ts'
import { badRequest } from '../wire/errors/api-error.ts'
import { sendsVersion } from './api.ts'
import { jsonResponse, jsonTextResponse } from './json.ts'
import type { RouteContext, RouteHandler } from './route.ts'

/** `GET /v1/models`: those that the caller may use. Rejects with an `ApiError` (400). */
export const listModels: RouteHandler = async ({ headers, url }, { caller, hops }, context) => {
  const data = await context.router.list(caller?.mayUseModel, hops, caller)
  const anthropic = await anthropicOf(headers, context)
  return anthropic === undefined
    ? jsonTextResponse(listText(data))
    : jsonResponse(anthropic.modelPage(data, new URL(url).searchParams))
}

/** The JSON of models, which are the same objects for as long as their engine lists the same. */
const written = new WeakMap<Model, string>()

/** The JSON of a list, of which only new models are written: of long ones, that took most of the time. */
function listText(models: readonly Model[]): string {
  return `{"object":"list","data":[${models.map(textOf).join()}]}`
}

function textOf(model: Model): string {
  let text = written.get(model)
  if (text === undefined) {
    text = JSON.stringify(model)
    written.set(model, text)
  }
  return text
}

/** `GET /v1/models/{id}`. Rejects with an `ApiError` (400, 403, 404, 503). */
export const retrieveModel: RouteHandler = async (request, { caller, hops }, context) => {
  const id = decodedId(request.params.id ?? '')
  const model = await context.router.find(id, caller?.mayUseModel, hops, caller)
  const anthropic = await anthropicOf(request.headers, context)
  return jsonResponse(anthropic === undefined ? model : anthropic.modelInfo(model))
}

/** How models are written for Anthropic's clients; undefined for others, and where their API is not served. */
function anthropicOf(headers: Headers, { anthropicModels }: RouteContext) {
  return sendsVersion(headers) ? anthropicModels?.() : undefined
}

/** An id from a path: the openai SDK writes `qwen%2Fqwen3:8b`. Throws an `ApiError` (400). */
function decodedId(id: string): string {
  try {
    return decodeURIComponent(id)
  } catch {
    const message = `model: expected an id in percent-encoded UTF-8, got ${quoted(id)}; encode it with encodeURIComponent.`
    throw badRequest(message, 'model')
  }
}
