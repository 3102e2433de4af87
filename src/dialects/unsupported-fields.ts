/**
 * Fields of the Responses and Messages APIs that ask for what only a provider's servers do: one table
 * says, for both, what becomes of each. What may be left out without harm is left out; what a client
 * would be wrong to believe done is refused by name.
 */

import { isObject } from '../util/object.ts'
import { type ApiError, badRequest } from '../wire/errors/api-error.ts'

interface UnsupportedField {
  /** Engines that are asked without it: those asked for a chat, or all of them. */
  engines: 'chat' | 'all'
  /** What becomes of it; a value decides for itself where it may be either. */
  handling: 'left out' | 'refused' | ((value: unknown, field: string) => ApiError | undefined)
  /** Why, as a sentence. */
  reason: string
}

/** The edits that make a context shorter: without them a model is told more, not something else. */
const SHORTENING_EDITS = [
  'compaction',
  'compact_20260112',
  'clear_thinking_20251015',
  'clear_tool_uses_20250919',
]

const UNSUPPORTED_FIELDS: Readonly<Record<string, UnsupportedField>> = {
  client_metadata: {
    engines: 'all',
    handling: 'left out',
    reason: 'It says which installation asks, and from which folder: no engine needs to know.',
  },
  container: {
    engines: 'chat',
    handling: 'refused',
    reason: 'sluice runs no code; remove this field.',
  },
  context_management: {
    engines: 'chat',
    handling: refuseOtherEdits,
    reason:
      'Edits that shorten a context are left out: the model is told all of it, or the request is refused as too long.',
  },
  conversation: {
    engines: 'all',
    handling: 'refused',
    reason: 'sluice stores no conversations; use previous_response_id.',
  },
  moderation: {
    engines: 'chat',
    handling: 'refused',
    reason: 'sluice does not moderate; remove this field.',
  },
  prompt: {
    engines: 'all',
    handling: 'refused',
    reason: 'sluice stores no prompts; send the text as instructions.',
  },
  truncation: {
    engines: 'chat',
    handling: 'left out',
    reason: 'It allows to drop what is too long; nothing is dropped.',
  },
}

/** Throws an `ApiError` (400) for what engines of that kind can't be asked without. */
export function refuseUnsupportedFields(request: object, by: UnsupportedField['engines']): void {
  for (const [field, value] of Object.entries(request)) {
    const unserved = ruleOf(field)
    if (unserved?.engines !== by || value === null || value === undefined) continue
    const { handling, reason } = unserved
    if (handling === 'refused')
      throw badRequest(`${field}: expected no value, because ${reason}`, field)
    const error = handling === 'left out' ? undefined : handling(value, field)
    if (error !== undefined) throw error
  }
}

/** Whether a field is kept from engines of that kind. */
export function isUnsupported(field: string, by: UnsupportedField['engines']): boolean {
  const rule = ruleOf(field)
  return rule !== undefined && (by === 'chat' || rule.engines === 'all')
}

/** The request without what no engine is given; the very object where it has nothing of that. */
export function withoutUnsupportedFields<Request extends object>(request: Request): Request {
  const kept = Object.entries(request).filter(([field]) => !isUnsupported(field, 'all'))
  if (kept.length === Object.keys(request).length) return request
  return Object.fromEntries(kept) as Request
}

function ruleOf(field: string): UnsupportedField | undefined {
  return Object.hasOwn(UNSUPPORTED_FIELDS, field) ? UNSUPPORTED_FIELDS[field] : undefined
}

/** OpenAI has a list of edits, Anthropic an object with one. */
function refuseOtherEdits(value: unknown, field: string): ApiError | undefined {
  const at = isObject(value) ? `${field}.edits` : field
  const edits = isObject(value) ? (value.edits ?? []) : value
  if (!Array.isArray(edits))
    return badRequest(`${at}: expected an array of edits, got ${typeof edits}; send an array.`, at)
  const other = edits.findIndex(
    (edit) => !isObject(edit) || !SHORTENING_EDITS.includes(`${edit.type}`),
  )
  if (other === -1) return undefined
  const type = `${at}[${other}].type`
  const known = SHORTENING_EDITS.map((each) => JSON.stringify(each)).join(', ')
  const [came = 'nothing'] = [JSON.stringify((edits[other] as { type?: unknown })?.type)]
  const message = `${type}: expected one of ${known}, got ${came.slice(0, 60)}; sluice does not edit contexts and can ignore only edits that shorten one, so remove this edit.`
  return badRequest(message, type)
}
