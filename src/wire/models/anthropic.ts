/** The list of models in the format of Anthropic's API. */

import { quoted } from '../../util/safe/quoted.ts'
import { type ApiError, badRequest } from '../errors/api-error.ts'
import { contextSize } from './context-size.ts'

/** A model in OpenAI's format: the fields from which Anthropic's format is derived. */
export interface ListedModel {
  id: string
  /** Unix time in seconds. */
  created?: unknown
  /** Of an alias: the model that it stands for. */
  root?: unknown
  /** A name for people. */
  display_name?: unknown
  [field: string]: unknown
}

export interface ModelInfo {
  type: 'model'
  id: string
  /** Of an alias, the model that it stands for: Claude Code shows this name and not the id. */
  display_name: string
  /** RFC 3339; 1970 if it is unknown. */
  created_at: string
  lifecycle: 'active'
  max_input_tokens: number | null
  /** The longest answer; null where the server does not limit it. */
  max_tokens: number | null
  capabilities: null
  line: null
  deprecated_at: null
  retires_at: null
}

export interface ModelPage {
  data: ModelInfo[]
  has_more: boolean
  first_id: string | null
  last_id: string | null
}

const LIMIT = { usual: 20, most: 1000 }

/** The largest time of a Date, in seconds. */
const MAX_SECONDS = 8.64e12

export function modelInfo(model: ListedModel): ModelInfo {
  const { id, created } = model
  const { max_input_tokens = null, max_output_tokens = null } = contextSize(model)
  const isTime = typeof created === 'number' && created >= 0 && created < MAX_SECONDS
  return {
    type: 'model',
    id,
    display_name: displayName(model),
    created_at: new Date(isTime ? created * 1000 : 0).toISOString(),
    lifecycle: 'active',
    max_input_tokens,
    max_tokens: max_output_tokens,
    capabilities: null,
    line: null,
    deprecated_at: null,
    retires_at: null,
  }
}

function displayName({ id, display_name, root }: ListedModel): string {
  const names = [display_name, root]
  return names.find((name): name is string => typeof name === 'string' && name !== '') ?? id
}

/** The page for the parameters `limit`, `after_id` and `before_id`. Throws an `ApiError` (400). */
export function modelPage(models: readonly ListedModel[], query: URLSearchParams): ModelPage {
  const limit = readLimit(query.get('limit'))
  const [after, before] = [query.get('after_id'), query.get('before_id')]
  if (after !== null && before !== null) {
    throw badRequest(
      'before_id: expected only one of after_id and before_id, got both; remove one.',
      'before_id',
    )
  }
  const ids = models.map(({ id }) => id)
  const start = after === null ? 0 : placeOf(ids, after, 'after_id') + 1
  const end = before === null ? ids.length : placeOf(ids, before, 'before_id')
  const isBackward = before !== null
  const from = isBackward ? Math.max(0, end - limit) : start
  const to = isBackward ? end : Math.min(end, start + limit)
  const data = models.slice(from, to).map(modelInfo)
  return {
    data,
    has_more: isBackward ? from > 0 : to < ids.length,
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
  }
}

function readLimit(given: string | null): number {
  if (given === null) return LIMIT.usual
  const limit = Number(given)
  if (/^\d+$/.test(given) && limit >= 1 && limit <= LIMIT.most) return limit
  throw wrong('limit', `an integer from 1 to ${LIMIT.most}`, given)
}

function placeOf(ids: string[], id: string, field: string): number {
  const place = ids.indexOf(id)
  if (place === -1) throw wrong(field, 'the id of a model that is listed', id)
  return place
}

function wrong(field: string, expected: string, given: string): ApiError {
  return badRequest(`${field}: expected ${expected}, got ${quoted(given)}.`, field)
}
