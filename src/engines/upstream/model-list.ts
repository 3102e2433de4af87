/** Reads the list of models of an upstream. */
import { isObject } from '../../util/object.ts'
import { ApiError } from '../../wire/errors/api-error.ts'
import type { Model } from '../engine.ts'
import type { UpstreamCall, UpstreamClient } from './client.ts'
import { CHECK_ADDRESS, type ParsedAnswer, readJson } from './json-body.ts'

/** The list of an upstream, which is read again and again, and seldom is another one. */
export class UpstreamModelList {
  #last: { read: ParsedAnswer; models: Model[] } | undefined

  /**
   * The models that are listed now: those of the last list, where its text was the same, so that what was made
   * of each of them need not be made again. Rejects with an `ApiError` where the upstream cannot be reached, is too
   * slow or sends no list.
   */
  async read(client: UpstreamClient, call: UpstreamCall): Promise<Model[]> {
    const last = this.#last
    const read = await readList(client, call, last?.read)
    if (last !== undefined && read === last.read) return last.models
    const models = modelsIn(read.value, client.label)
    this.#last = { read, models }
    return models
  }
}

/** Throws an `ApiError` (502). */
function modelsIn(body: unknown, label: string): Model[] {
  if (isObject(body) && Array.isArray(body.data)) return body.data.filter(isModel)
  const message = `${label} answered GET /models with something other than a list of models; ${CHECK_ADDRESS}.`
  throw new ApiError(502, message, { code: 'upstream_invalid' })
}

async function readList(
  client: UpstreamClient,
  call: UpstreamCall,
  known: ParsedAnswer | undefined,
): Promise<ParsedAnswer> {
  const { label } = client
  try {
    return await readJson(await client.get('/models', call), label, known)
  } catch (cause) {
    if (!call.signal.aborted) throw cause
    const message = `${label} did not answer GET /models in time; check that it is running and not overloaded.`
    throw new ApiError(504, message, { code: 'upstream_timeout', cause })
  }
}

function isModel(value: unknown): value is Model {
  return isObject(value) && typeof value.id === 'string'
}
