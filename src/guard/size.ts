/** Limits of a request besides the bytes of its body. */
import type { Settings } from '../settings/settings.ts'
import { isObject } from '../util/object.ts'
import { ApiError } from '../wire/errors/api-error.ts'
import { tooManyItems } from '../wire/validation/counts.ts'

/** The most bytes of all header names and values; some runtimes allow less. */
const MAX_HEADERS = 32_768

/** Throws an `ApiError` (431) for headers that are too long. */
export function requireShortHeaders(headers: Headers): void {
  let length = 0
  // Not `for … of`: of ten headers Deno makes the sorted list ten times, which takes 50 µs.
  headers.forEach((value, name) => {
    length += name.length + value.length
  })
  if (length <= MAX_HEADERS) return
  const message = `headers: expected at most ${MAX_HEADERS} bytes, got ${length}; send fewer or shorter headers.`
  throw new ApiError(431, message, { code: 'headers_too_large' })
}

/**
 * Throws an `ApiError` (400) for more messages, input items or tools than the settings allow. `further`:
 * other fields with lists that count as messages.
 */
export function requireItemLimits(
  body: unknown,
  { maxMessages, maxTools }: Pick<Settings, 'maxMessages' | 'maxTools'>,
  further: readonly string[] = [],
): void {
  if (!isObject(body)) return
  for (const field of ['messages', 'input', ...further]) {
    requireCount(body, field, maxMessages, '--max-messages')
  }
  requireCount(body, 'tools', maxTools, '--max-tools')
}

/** Throws an `ApiError` (400) for more prompts, or more answers to them, than messages are allowed. */
export function requireAnswerLimit(
  field: 'prompt' | 'input',
  { prompts, choices }: { prompts: number; choices: number },
  { maxMessages }: Pick<Settings, 'maxMessages'>,
): void {
  if (choices <= maxMessages) return
  const isMany = prompts > maxMessages
  const came = isMany ? prompts : `${choices} in all, n for each of ${prompts}`
  throw tooManyItems(isMany ? field : 'n', maxMessages, came, '--max-messages')
}

function requireCount(
  body: Record<string, unknown>,
  field: string,
  most: number,
  flag: string,
): void {
  const list = body[field]
  if (!Array.isArray(list) || list.length <= most) return
  throw tooManyItems(field, most, list.length, flag)
}
