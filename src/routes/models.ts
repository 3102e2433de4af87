import type { IRequest } from 'itty-router'
import type { Router } from '../engines/registry/router.ts'
import { badRequest } from '../wire/errors/api-error.ts'
import { modelInfo, modelPage } from '../wire/models/anthropic.ts'
import { sendsVersion } from './api.ts'
import { jsonResponse } from './json.ts'
import type { Trace } from './trace.ts'

/** `GET /v1/models`: those that the caller may use. Rejects with an `ApiError` (400). */
export function modelsRoute(engines: Router) {
  return async (request: IRequest, { caller, hops }: Trace): Promise<Response> => {
    const data = await engines.list(caller?.mayUseModel, hops)
    if (!sendsVersion(request.headers)) return jsonResponse({ object: 'list', data })
    return jsonResponse(modelPage(data, new URL(request.url).searchParams))
  }
}

/** `GET /v1/models/{id}`. Rejects with an `ApiError` (400, 403, 404, 503). */
export function modelRoute(engines: Router) {
  return async (request: IRequest, { caller, hops }: Trace): Promise<Response> => {
    const id = decodedId(request.params)
    const model = await engines.find(id, caller?.mayUseModel, hops)
    return jsonResponse(sendsVersion(request.headers) ? modelInfo(model) : model)
  }
}

/** An id from a path: the openai SDK writes `qwen%2Fqwen3:8b`. Throws an `ApiError` (400). */
function decodedId(params: Record<string, string>): string {
  try {
    return decodeURIComponent(params.id ?? '')
  } catch {
    throw badRequest(`model: ${JSON.stringify(params.id)} is not percent-encoded UTF-8.`, 'model')
  }
}
