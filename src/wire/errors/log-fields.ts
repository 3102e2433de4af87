/** What of a refusal may stand in a log line: never what a client or an upstream said. */
import type { ApiError } from './api-error.ts'

/** Characters of the longest message and of the longest field in a log line. */
const MAX = { message: 200, param: 80 }

/** A text in double quotes, as JSON writes it. */
const QUOTED = /"(?:[^"\\]|\\.)*"/gs

/** Fields whose own fields have the names that a client gave them. */
const OWN_NAMES = /^(metadata|logit_bias)[.[].*$/s

/** What comes before a received value in every message. */
const GOT = ', got '

/**
 * The field that a refusal names, and why it was refused, without any value that was received: those
 * may be parts of a prompt. Nothing of a failure, whose words may be an engine's; of an upstream's own
 * refusal only the field.
 *
 * @example
 * loggable(badRequest('top_p: expected a number, got "two" (string).', 'top_p'))
 * // { param: 'top_p', message: 'top_p: expected a number' }
 */
export function errorLogFields(error: ApiError): { param?: string; message?: string } {
  const { status, evidence, param } = error
  if (status < 400 || status >= 500) return {}
  const field = param === null ? '' : withoutQuoted(param.replace(OWN_NAMES, '$1["…"]'))
  const isPath = field.length <= MAX.param && /^[\w.[\]"…-]+$/.test(field)
  const message = evidence === undefined ? withoutValues(error, field) : ''
  return { ...(isPath && { param: field }), ...(message && { message }) }
}

function withoutValues({ message, param }: ApiError, field: string): string {
  const expecting = `${param}: expected `
  // What is expected are constants of our own, quoted or not.
  const text =
    param !== null && message.startsWith(expecting)
      ? `${field}: expected ${beforeValue(message.slice(expecting.length))}`
      : beforeValue(withoutQuoted(message))
  return text.length > MAX.message ? `${text.slice(0, MAX.message)}…` : text
}

function withoutQuoted(text: string): string {
  return text.replace(QUOTED, '"…"')
}

function beforeValue(text: string): string {
  const end = text.indexOf(GOT)
  return end === -1 ? text : text.slice(0, end)
}
