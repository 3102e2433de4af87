/** The most characters of a header value that is passed on. */
const MAX_VALUE = 2_000

/** Visible ASCII, with spaces and tabs only inside: valid in every HTTP implementation. */
const SAFE = /^[\x21-\x7e](?:[\t\x20-\x7e]*[\x21-\x7e])?$/

/** A name that HTTP allows: `Headers` throws for every other one. */
const NAME = /^[\w!#$%&'*+.^`|~-]+$/

/**
 * Whether a header value may be sent. Runtimes disagree about all other values: one that Bun writes
 * makes Node throw while it writes the response.
 */
function isSafeHeader(value: string): boolean {
  return value.length <= MAX_VALUE && SAFE.test(value)
}

/**
 * The headers whose names and values are safe to send, in either direction; the others are left out. Every header
 * value from a client, an upstream or an engine is filtered here before it is passed on.
 *
 * @example
 * safeHeaders({ 'retry-after': '5', 'openai-version': '\u0001' }) // { 'retry-after': '5' }
 */
export function safeHeaders(
  headers: Readonly<Record<string, string>> | undefined,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers ?? {}).filter(([name, value]) => NAME.test(name) && isSafeHeader(value)),
  )
}
