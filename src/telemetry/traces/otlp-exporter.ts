/** Sends spans to an OTLP endpoint over HTTP. */
import { isObject, parseObject } from '../../util/object.ts'
import { VERSION } from '../../version.ts'
import type { SpanRecord } from './own-tracer.ts'
import type { SendSpans } from './span-queue.ts'
import type { SpanAttributes } from './tracer.ts'

export const PROTOCOLS = ['http/protobuf', 'http/json'] as const

export interface OtlpOptions {
  /** The whole URL, with its path. */
  url: string
  headers: Readonly<Record<string, string>>
  protocol: (typeof PROTOCOLS)[number]
  /** Milliseconds that the endpoint may take for one request, and that a batch is tried for in all. */
  timeout: number
  /** What made the spans: `service.name` and others. */
  resource: SpanAttributes
  /** Whether a batch that the endpoint did not take may be sent again. Not where no request may wait. */
  retries: boolean
  /** Told when the endpoint begins to refuse spans, and when it takes them again. */
  onChange: (problem: string | undefined) => void
}

/** OTLP says which answers mean that the same may be sent again later. */
const RETRYABLE = new Set([429, 502, 503, 504])

/** Milliseconds: the first pause before a batch is sent again, which doubles, and how long it is tried. */
const RETRY = { first: 1_000, longest: 30_000, all: 30_000 }

/** The most bytes that are read of an answer. */
const MAX_ANSWER = 16_384

type Attempt =
  | { kind: 'sent'; rejected: number }
  | { kind: 'failed'; why: string; retryAfter?: number | undefined }
  | { kind: 'refused'; why: string }

/** The function that sends a batch. Its code for the two formats is loaded with the first one. */
export function otlpSender(options: OtlpOptions): SendSpans {
  const { onChange, retries } = options
  return async (spans, { hurry, stop }) => {
    try {
      const body = await encode(spans, options)
      const end = performance.now() + RETRY.all
      for (let pause = RETRY.first; ; pause = Math.min(2 * pause, RETRY.longest)) {
        const attempt = await post(body, options, stop)
        if (attempt.kind === 'sent') {
          onChange(undefined)
          return attempt.rejected
        }
        onChange(attempt.why)
        const wait = attempt.kind === 'failed' ? (attempt.retryAfter ?? jittered(pause)) : undefined
        if (wait === undefined || performance.now() + wait > end || !retries) return spans.length
        await pauseFor(wait, hurry)
        if (hurry.aborted) return spans.length
      }
    } catch (error) {
      onChange(error instanceof Error ? error.message : String(error))
      return spans.length
    }
  }
}

async function encode(spans: readonly SpanRecord[], options: OtlpOptions) {
  if (options.protocol === 'http/json') {
    return (await import('./otlp-json.ts')).encodeJson(spans, options.resource)
  }
  return (await import('./otlp-protobuf.ts')).encodeProtobuf(spans, options.resource)
}

async function post(
  body: string | Uint8Array<ArrayBuffer>,
  { url, headers, timeout }: OtlpOptions,
  signal: AbortSignal,
): Promise<Attempt> {
  const isJson = typeof body === 'string'
  // Not AbortSignal.any: what it returns is kept alive by a signal that lives as long as the process.
  const control = new AbortController()
  const stop = () => control.abort(signal.reason)
  signal.addEventListener('abort', stop, { once: true })
  const timer = setTimeout(() => control.abort(new Error(`no answer in ${timeout} ms`)), timeout)
  try {
    const response = await fetch(url, {
      method: 'POST',
      body,
      headers: {
        'user-agent': `sluice/${VERSION}`,
        ...headers,
        'content-type': isJson ? 'application/json' : 'application/x-protobuf',
      },
      signal: control.signal,
      // A followed redirect would send the headers, and with them tokens, to another server.
      redirect: 'manual',
    })
    const answer = await readAnswer(response)
    if (response.ok) return { kind: 'sent', rejected: await rejectedOf(answer, isJson) }
    const why = `answered ${response.status}`
    if (!RETRYABLE.has(response.status)) return { kind: 'refused', why }
    return { kind: 'failed', why, retryAfter: retryAfterOf(response) }
  } catch (error) {
    const isLate = control.signal.aborted && !signal.aborted
    return { kind: 'failed', why: isLate ? `did not answer in ${timeout} ms` : reasonOf(error) }
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', stop)
  }
}

/** Never its address, nor what a runtime says, which may name it. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined
  const { code } = (isObject(cause) ? cause : (error as object)) as { code?: unknown }
  return typeof code === 'string' ? `cannot be reached (${code.slice(0, 40)})` : 'cannot be reached'
}

async function readAnswer({ body }: Response): Promise<Uint8Array> {
  const reader = body?.getReader()
  const pieces: Uint8Array[] = []
  for (let size = 0; reader !== undefined; ) {
    const { done, value } = await reader.read()
    if (done) break
    pieces.push(value)
    size += value.length
    if (size <= MAX_ANSWER) continue
    await reader.cancel().catch(() => {})
    break
  }
  return pieces.length === 1 && pieces[0] ? pieces[0] : concatenated(pieces)
}

function concatenated(pieces: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const piece of pieces) {
    all.set(piece, at)
    at += piece.length
  }
  return all
}

/** How many spans of a batch an endpoint that took it has rejected. */
async function rejectedOf(answer: Uint8Array, isJson: boolean): Promise<number> {
  if (answer.length === 0) return 0
  if (!isJson) return (await import('./otlp-protobuf.ts')).rejectedSpans(answer)
  const partial = parseObject(new TextDecoder().decode(answer))?.partialSuccess
  const rejected = isObject(partial) ? Number(partial.rejectedSpans ?? 0) : 0
  return Number.isSafeInteger(rejected) && rejected > 0 ? rejected : 0
}

/** Milliseconds; undefined where the endpoint does not say. */
function retryAfterOf({ headers }: Response): number | undefined {
  const given = headers.get('retry-after')
  if (given === null) return undefined
  const ms = /^\d{1,9}$/.test(given) ? Number(given) * 1_000 : Date.parse(given) - Date.now()
  return Number.isNaN(ms) ? undefined : Math.max(0, ms)
}

function jittered(ms: number): number {
  return ms * (0.75 + Math.random() / 2)
}

function pauseFor(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    const timer = setTimeout(done, ms)
    signal.addEventListener('abort', done, { once: true })
    function done(): void {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
  })
}
