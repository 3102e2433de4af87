import type { Model } from '../engines/engine.ts'
import { quoted } from '../util/safe/quoted.ts'
import { badRequest } from '../wire/errors/api-error.ts'
import { sendsVersion } from './api.ts'
import { jsonResponse, jsonTextResponse } from './json.ts'
import type { RouteHandler } from './route.ts'

/** `GET /v1/models`: those that the caller may use. Rejects with an `ApiError` (400). */
export const listModels: RouteHandler = async ({ headers, url }, { caller, hops }, context) => {
  const { router, anthropicModels } = context
  const data = await router.list(caller?.mayUseModel, hops, caller)
  return anthropicModels && sendsVersion(headers)
    ? jsonResponse(anthropicModels.page(data, new URL(url).searchParams))
    : jsonTextResponse(listText(data))
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
  const { router, anthropicModels } = context
  const id = decodedId(request.params.id ?? '')
  const model = await router.find(id, caller?.mayUseModel, hops, caller)
  return jsonResponse(
    anthropicModels && sendsVersion(request.headers) ? anthropicModels.info(model) : model,
  )
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
