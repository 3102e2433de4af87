import type { IRequest } from 'itty-router'
import type { Router } from '../engines/router.ts'
import type { Trace } from '../trace.ts'
import { badRequest } from '../wire/errors.ts'
import { jsonResponse } from './json.ts'

/** `GET /v1/models`: those that the caller may use. */
export function modelsRoute(engines: Router) {
  return async (_: IRequest, { caller }: Trace): Promise<Response> => {
    const models = await engines.list()
    const data = models.filter(({ id }) => caller?.allows(id) ?? true)
    return jsonResponse({ object: 'list', data })
  }
}

/** `GET /v1/models/{id}`. Rejects with an `ApiError` (400, 403, 404). */
export function modelRoute(engines: Router) {
  return async ({ params }: IRequest, { caller }: Trace): Promise<Response> => {
    const id = decodedId(params)
    caller?.requireModel(id)
    return jsonResponse(await engines.find(id))
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
