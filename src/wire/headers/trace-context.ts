/**
 * Trace Context of the W3C (https://www.w3.org/TR/trace-context/): the two headers by which a request says
 * which trace it belongs to. They are read strictly, as everything read here is sent on to upstreams.
 */

/** The headers as they are sent. */
export interface TraceHeaders {
  readonly traceparent: string
  readonly tracestate?: string
}

/** What belongs to one attempt of a request. */
export interface AttemptTrace extends TraceHeaders {
  /** Runs code so that spans of others that it starts are below the attempt's. */
  run?<T>(act: () => T): T
}

/** The trace that a request belongs to, and the span that it was sent in. */
export interface TraceContext extends TraceHeaders {
  /** 32 and 16 hexadecimal digits in lower case. */
  readonly traceId: string
  readonly spanId: string
  /** Whether its sender records it. */
  readonly isSampled: boolean
}

/** The most characters of `traceparent`: version 00 has 55, and a later one may have more. */
const MAX_PARENT = 128

/** What is passed on of `tracestate` at most; the W3C asks for at least 512 characters. */
const MAX_STATE = 8_192

/** Its entries, of which none may be sent twice. */
const MAX_ENTRIES = 32

const PARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-[\x21-\x7e]*)?$/
const KEY = /^[a-z0-9][a-z0-9_*/@-]{0,255}$/
const VALUE = /^[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/
const ZEROS = /^0+$/

/**
 * The trace of a request; undefined where it names none, or names it in another form: then its
 * `tracestate` says nothing either. An invalid `tracestate` is left out alone.
 *
 * @example
 * readTraceContext(new Headers({ traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01` }))?.isSampled // true
 */
export function readTraceContext(headers: Headers): TraceContext | undefined {
  const traceparent = headers.get('traceparent')
  if (traceparent === null || traceparent.length > MAX_PARENT) return undefined
  const [, version, traceId = '', spanId = '', flags = '', rest] = PARENT.exec(traceparent) ?? []
  if (version === undefined || version === 'ff') return undefined
  if (version === '00' && rest !== undefined) return undefined
  if (ZEROS.test(traceId) || ZEROS.test(spanId)) return undefined
  const tracestate = readTraceState(headers.get('tracestate'))
  const isSampled = (Number.parseInt(flags, 16) & 1) === 1
  return { traceparent, ...(tracestate && { tracestate }), traceId, spanId, isSampled }
}

function readTraceState(given: string | null): string | undefined {
  if (given === null || given.length > MAX_STATE) return undefined
  const entries = given.split(',').map((entry) => entry.trim())
  const full = entries.filter((entry) => entry !== '')
  if (full.length > MAX_ENTRIES) return undefined
  const keys = new Set<string>()
  for (const entry of full) {
    const at = entry.indexOf('=')
    const key = entry.slice(0, at)
    if (at === -1 || !KEY.test(key) || !VALUE.test(entry.slice(at + 1))) return undefined
    keys.add(key)
  }
  return keys.size === full.length ? full.join(',') : undefined
}

/** The headers alone, of what holds more. */
export function onlyHeaders({ traceparent, tracestate }: TraceHeaders) {
  return { traceparent, ...(tracestate && { tracestate }) }
}

/** `traceparent` for requests that are sent within a span. */
export function writeTraceparent(traceId: string, spanId: string, flags: number): string {
  return `00-${traceId}-${spanId}-${(flags & 0xff).toString(16).padStart(2, '0')}`
}
