import { TEXT_OF } from './responses-judge.ts'

export type Fields = Record<string, unknown>

type Kind =
  | 'string'
  | 'number'
  | 'integer'
  | 'array'
  | 'object'
  | 'boolean'
  | 'text or null'
  | 'response'

const place: Record<string, Kind> = { item_id: 'string', output_index: 'integer' }

const inContent: Record<string, Kind> = { ...place, content_index: 'integer' }

const inSummary: Record<string, Kind> = { ...place, summary_index: 'integer' }

const whole: Record<string, Kind> = { response: 'response' }

/** Every event that a text model's response may have, and its required fields. */
export const EVENTS: Record<string, Record<string, Kind>> = {
  error: { code: 'text or null', message: 'string', param: 'text or null' },
  'response.created': whole,
  'response.queued': whole,
  'response.in_progress': whole,
  'response.completed': whole,
  'response.incomplete': whole,
  'response.failed': whole,
  'response.output_item.added': { output_index: 'integer', item: 'object' },
  'response.output_item.done': { output_index: 'integer', item: 'object' },
  'response.content_part.added': { ...inContent, part: 'object' },
  'response.content_part.done': { ...inContent, part: 'object' },
  'response.output_text.delta': { ...inContent, delta: 'string', logprobs: 'array' },
  'response.output_text.done': { ...inContent, text: 'string', logprobs: 'array' },
  'response.refusal.delta': { ...inContent, delta: 'string' },
  'response.refusal.done': { ...inContent, refusal: 'string' },
  'response.reasoning_text.delta': { ...inContent, delta: 'string' },
  'response.reasoning_text.done': { ...inContent, text: 'string' },
  'response.reasoning_summary_part.added': { ...inSummary, part: 'object' },
  'response.reasoning_summary_part.done': { ...inSummary, part: 'object' },
  'response.reasoning_summary_text.delta': { ...inSummary, delta: 'string' },
  'response.reasoning_summary_text.done': { ...inSummary, text: 'string' },
  'response.web_search_call.in_progress': place,
  'response.web_search_call.searching': place,
  'response.web_search_call.completed': place,
  'response.function_call_arguments.delta': { ...place, delta: 'string' },
  'response.function_call_arguments.done': { ...place, name: 'string', arguments: 'string' },
  'response.custom_tool_call_input.delta': { ...place, delta: 'string' },
  'response.custom_tool_call_input.done': { ...place, input: 'string' },
}

/** The field that holds the text of a call that is told as it comes. */
export const CALL_TEXT: Record<string, string> = {
  function_call: 'arguments',
  custom_tool_call: 'input',
}

/** Items that are told at once: their call's arguments are an object. */
const AT_ONCE: Record<string, Record<string, Kind>> = {
  tool_search_call: { arguments: 'object', execution: 'string' },
  local_shell_call: { action: 'object' },
  shell_call: { action: 'object' },
  apply_patch_call: { operation: 'object' },
  computer_call: { pending_safety_checks: 'array' },
}

const RESPONSE: Record<string, Kind> = {
  id: 'string',
  created_at: 'integer',
  model: 'string',
  output: 'array',
  parallel_tool_calls: 'boolean',
  tools: 'array',
  status: 'string',
  background: 'boolean',
  text: 'object',
  temperature: 'number',
  top_p: 'number',
  presence_penalty: 'number',
  frequency_penalty: 'number',
  service_tier: 'string',
}

export function check(value: unknown, kind: Kind, at: string, problems: string[]): void {
  const isRight = {
    string: () => typeof value === 'string',
    integer: () => Number.isInteger(value) && (value as number) >= 0,
    array: () => Array.isArray(value),
    object: () => typeof value === 'object' && value !== null && !Array.isArray(value),
    boolean: () => typeof value === 'boolean',
    number: () => typeof value === 'number',
    'text or null': () => value === null || typeof value === 'string',
    response: () => true,
  }[kind]()
  if (!isRight) problems.push(`${at} is no ${kind}: ${JSON.stringify(value)?.slice(0, 80)}`)
  else if (kind === 'response') checkResponse(value, at, problems)
}

export function checkResponse(value: unknown, at: string, problems: string[]): void {
  const response = (value ?? {}) as Fields
  if (response.object !== 'response') problems.push(`${at} is no response`)
  for (const [field, kind] of Object.entries(RESPONSE)) {
    check(response[field], kind, `${at}.${field}`, problems)
  }
  for (const field of ['error', 'incomplete_details', 'instructions', 'metadata', 'temperature']) {
    if (!(field in response)) problems.push(`${at} has no ${field}`)
  }
  for (const item of (response.output ?? []) as unknown[]) checkItem(item, `${at}.output`, problems)
  const { usage } = response as { usage?: Fields | null }
  if (usage) {
    for (const field of ['input_tokens', 'output_tokens', 'total_tokens']) {
      check(usage[field], 'integer', `${at}.usage.${field}`, problems)
    }
    const input = usage.input_tokens_details as Fields
    const output = usage.output_tokens_details as Fields
    check(input?.cached_tokens, 'integer', `${at}.usage cached_tokens`, problems)
    check(output?.reasoning_tokens, 'integer', `${at}.usage reasoning_tokens`, problems)
  }
}

const ITEMS: Record<string, Record<string, Kind>> = {
  message: { id: 'string', role: 'string', content: 'array' },
  reasoning: { id: 'string', summary: 'array' },
  web_search_call: { id: 'string' },
  function_call: { id: 'string', call_id: 'string', name: 'string', arguments: 'string' },
  custom_tool_call: { id: 'string', call_id: 'string', name: 'string', input: 'string' },
  compaction: { id: 'string', encrypted_content: 'string' },
  ...Object.fromEntries(
    Object.entries(AT_ONCE).map(([type, fields]) => {
      return [type, { id: 'string', call_id: 'string', ...fields } satisfies Record<string, Kind>]
    }),
  ),
}

export function checkItem(value: unknown, at: string, problems: string[]): void {
  const item = (value ?? {}) as Fields
  const fields = ITEMS[item.type as string]
  if (fields === undefined) return void problems.push(`${at} has an unknown type ${item.type}`)
  for (const [field, kind] of Object.entries(fields)) {
    check(item[field], kind, `${at}.${field}`, problems)
  }
  if (item.id === '' || item.call_id === '') problems.push(`${at} has an empty id`)
  const hasStatus = item.type !== 'compaction'
  if (hasStatus && !['in_progress', 'completed', 'incomplete'].includes(String(item.status))) {
    problems.push(`${at} has the status ${item.status}`)
  }
  for (const part of [
    ...((item.content ?? []) as Fields[]),
    ...((item.summary ?? []) as Fields[]),
  ]) {
    checkPart(part, at, problems)
  }
}

export function checkPart(part: Fields, at: string, problems: string[]): void {
  const field = TEXT_OF[part.type as string]
  if (field === undefined) return void problems.push(`${at} has a part of type ${part.type}`)
  check(part[field], 'string', `${at}.${field}`, problems)
  if (part.type === 'output_text') check(part.annotations, 'array', `${at}.annotations`, problems)
}
