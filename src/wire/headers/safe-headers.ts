/** Characters of the longest header value that is passed on. */
const MAX_VALUE = 2_000

/** Visible ASCII, with spaces and tabs only between it: what every HTTP implementation takes. */
const SAFE = /^[\x21-\x7e](?:[\t\x20-\x7e]*[\x21-\x7e])?$/

/**
 * Whether a header value may be sent. Runtimes disagree about all other values: one that Bun writes
 * makes Node throw while it writes the response.
 */
function isSafeHeader(value: string): boolean {
  return value.length <= MAX_VALUE && SAFE.test(value)
}

/**
 * The headers whose values may be sent, in either direction; the others are left out. Every header
 * value that comes from a client, an upstream or an engine passes through here before it goes on.
 *
 * @example
 * safeHeaders({ 'retry-after': '5', 'openai-version': '\u0001' }) // { 'retry-after': '5' }
 */
export function safeHeaders(
  headers: Readonly<Record<string, string>> | undefined,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers ?? {}).filter(([, value]) => isSafeHeader(value)),
  )
}
