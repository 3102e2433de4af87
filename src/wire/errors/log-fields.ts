/** The parts of an error that may be logged: never text from a client or an upstream. */
import type { ApiError } from './api-error.ts'

/** The most characters of a message and of a field path in a log line. */
const MAX = { message: 200, param: 80 }

/** Fields whose keys are chosen by the client. */
const OWN_NAMES = /^(metadata|logit_bias)[.[].*$/s

/**
 * The codes of 5xx refusals whose messages are sluice's own, with labels of engines and numbers alone, if
 * no engine was asked: a full queue is one.
 */
const OWN_REFUSALS = new Set(
  `authentication_failed engine_busy engine_resting engine_unavailable keys_missing loop_detected
  not_ready not_supported parse_queue_full shutting_down too_many_background`.split(/\s+/),
)

/** The text before the received value in every message. */
const GOT = ', got '

/**
 * The field and the message of a refusal without received values, which may be parts of a prompt. Nothing
 * of any other 5xx error, whose message may be an engine's; of an error that an upstream reported, only the
 * field. `wasAsked`: whether an engine was asked.
 *
 * @example
 * loggable(badRequest('top_p: expected a number, got "two" (string).', 'top_p'))
 * // { param: 'top_p', message: 'top_p: expected a number' }
 */
export function errorLogFields(
  error: ApiError,
  wasAsked = false,
): { param?: string; message?: string } {
  const { status, code, evidence, param } = error
  const isOwn = !wasAsked && code !== null && OWN_REFUSALS.has(code)
  if (status < 400 || (status >= 500 && !isOwn)) return {}
  const field = param === null ? '' : withoutQuoted(param.replace(OWN_NAMES, '$1["…"]'))
  const isPath = field.length <= MAX.param && /^[\w.[\]"…-]+$/.test(field)
  const message = evidence === undefined ? withoutValues(error, field) : ''
  return { ...(isPath && { param: field }), ...(message && { message }) }
}

function withoutValues({ message, param }: ApiError, field: string): string {
  const expecting = `${param}: expected `
  // Expected values are constants of sluice, quoted or not.
  const text =
    param !== null && message.startsWith(expecting)
      ? `${field}: expected ${beforeValue(message.slice(expecting.length))}`
      : beforeValue(withoutQuoted(message))
  return text.length > MAX.message ? `${text.slice(0, MAX.message)}…` : text
}

/**
 * A text whose strings in double quotes, as in JSON, are `"…"`. A string that is never closed is
 * left out to the end. One pass: the regular expression for it is quadratic.
 */
function withoutQuoted(text: string): string {
  let rest = ''
  let at = 0
  for (;;) {
    const start = text.indexOf('"', at)
    if (start === -1) return rest + text.slice(at)
    rest += `${text.slice(at, start)}"…"`
    at = start + 1
    while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1
    at++
  }
}

function beforeValue(text: string): string {
  const end = text.indexOf(GOT)
  return end === -1 ? text : text.slice(0, end)
}
