/** Reads the list of models of an upstream. */
import { isObject } from '../../util/object.ts'
import { ApiError } from '../../wire/errors/api-error.ts'
import type { Model } from '../engine.ts'
import type { UpstreamCall, UpstreamClient } from './client.ts'
import { CHECK_ADDRESS } from './json-body.ts'

/** Rejects with an `ApiError` where the upstream cannot be reached, is too slow or sends no list. */
export async function readModelList(client: UpstreamClient, call: UpstreamCall): Promise<Model[]> {
  const { label } = client
  const body = await readList(client, call)
  if (isObject(body) && Array.isArray(body.data)) return body.data.filter(isModel)
  const message = `${label} answered GET /models with something other than a list of models; ${CHECK_ADDRESS}.`
  throw new ApiError(502, message, { code: 'upstream_invalid' })
}

async function readList(client: UpstreamClient, call: UpstreamCall): Promise<unknown> {
  const { label } = client
  try {
    return await client.getJson('/models', call)
  } catch (cause) {
    if (!call.signal.aborted) throw cause
    const message = `${label} did not answer GET /models in time; check that it is running and not overloaded.`
    throw new ApiError(504, message, { code: 'upstream_timeout', cause })
  }
}

function isModel(value: unknown): value is Model {
  return isObject(value) && typeof value.id === 'string'
}
