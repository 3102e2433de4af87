/**
 * Fields of the Responses and Messages APIs for features that only a provider's servers have. One table
 * says how each is handled: fields that can be ignored safely are left out; if a client would wrongly
 * believe that the feature is active, the request is refused.
 */

import { isObject } from '../util/object.ts'
import { type ApiError, badRequest } from '../wire/errors/api-error.ts'

interface UnsupportedField {
  /** The engines that do not get the field: those that get a chat request, or all of them. */
  engines: 'chat' | 'all'
  /** How it is handled; a function decides by the value. */
  handling: 'left out' | 'refused' | ((value: unknown, field: string) => ApiError | undefined)
  /** The reason: for a refused field it completes the error message. */
  reason: string
}

/** Edits that shorten the context: without them the model gets more context, not a different one. */
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
    reason: 'It identifies the installation and the folder of the client, which no engine needs.',
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
      'Edits that shorten the context are left out: the model gets all of it, or the engine refuses it as too long.',
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
    reason: 'It permits dropping items of a context that is too long; sluice drops none.',
  },
}

/** Throws an `ApiError` (400) for a field that such engines lack and that must not be ignored. */
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

/** Whether a field is left out for such engines. */
export function isUnsupported(field: string, by: UnsupportedField['engines']): boolean {
  const rule = ruleOf(field)
  return rule !== undefined && (by === 'chat' || rule.engines === 'all')
}

/** The request without the fields that no engine gets; the same object if it has none of them. */
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
