/** Why a server could not be reached, in words, on every runtime. */

/** What runtimes call the same failure, most telling first. */
const FAILURES: readonly [pattern: RegExp, code: string, text: string][] = [
  [
    /CERT_HAS_EXPIRED|certificate has expired|certificate expired|Expired/,
    'tls_expired',
    'its certificate has expired',
  ],
  [
    /ERR_TLS_CERT_ALTNAME_INVALID|NotValidForName|not valid for name|altnames/i,
    'tls_name',
    'its certificate is for another name',
  ],
  [
    /SELF_SIGNED|self[- ]signed|UnknownIssuer|UNABLE_TO_(GET|VERIFY)|unable to (get|verify)|CaUsedAsEndEntity/i,
    'tls_untrusted',
    'its certificate is not signed by an authority that this machine trusts',
  ],
  [
    /ERR_SSL_WRONG_VERSION|wrong version number|InvalidContentType|corrupt message|packet length too long|ERR_SSL_PACKET/i,
    'tls_none',
    'it speaks http and not https at this port',
  ],
  [/CERT_|certificate|ERR_TLS|ERR_SSL|handshake/i, 'tls', 'the TLS connection failed'],
  [
    /ENOTFOUND|EAI_AGAIN|dns error|failed to lookup|getaddrinfo|DNS|\bresolve\b/i,
    'name_unknown',
    'there is no such host name',
  ],
  [/ECONNREFUSED|Connection ?refused|Unable to connect/i, 'refused', 'nothing listens there'],
  [/EHOSTUNREACH|ENETUNREACH|unreachable/i, 'no_route', 'there is no route to it'],
  [/abort|timed? ?out|ETIMEDOUT|Timeout/i, 'timeout', 'it did not answer in time'],
  [
    /InvalidResponse|HPE_|Parse Error|invalid HTTP|expected (?:an? |valid )?HTTP|Malformed/i,
    'not_http',
    'what listens there does not speak HTTP',
  ],
  [
    /ECONNRESET|reset|closed|socket hang up|ConnectionClosed/i,
    'reset',
    'it closed the connection without an answer',
  ],
]

export interface ReachFailure {
  code: string
  text: string
}

export function reachFailure(error: unknown): ReachFailure {
  const told = textsOf(error)
  const found = FAILURES.find(([pattern]) => pattern.test(told))
  if (found !== undefined) return { code: found[1], text: found[2] }
  const [line = ''] = (error instanceof Error ? error.message : String(error)).split('\n')
  return { code: 'unknown', text: line.slice(0, 120) || 'for an unknown reason' }
}

export function failureText(error: unknown): string {
  return reachFailure(error).text
}

/** Names, codes and messages of an error and of what caused it. */
function textsOf(error: unknown, depth = 0): string {
  if (typeof error !== 'object' || error === null || depth > 5) return String(error ?? '')
  const { name, code, message, cause, errors } = error as Record<string, unknown>
  const own = [error.constructor?.name, name, code, message].filter(
    (each) => typeof each === 'string',
  )
  const inner = [cause, ...(Array.isArray(errors) ? errors : [])].filter(Boolean)
  return [...own, ...inner.map((each) => textsOf(each, depth + 1))].join(' ')
}
