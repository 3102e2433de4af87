/** What a runtime's own tracing does to the requests that it sends. */
import type { FetchInit } from './fetch.ts'

/** Where `@opentelemetry/api` holds what is registered. */
const REGISTRY = Symbol.for('opentelemetry.js.api.1')

/** What Deno, which registers itself where it exports spans (`OTEL_DENO=true`), gives as its version. */
const DENO = '1.999.999'

/**
 * The request without the headers of a trace, where the runtime's `fetch` adds its own: Deno would send
 * both, and two of them say nothing. Its own name the span that is active, which is that of the attempt.
 */
export function withoutDoubleTrace<T extends FetchInit>(init: T): T {
  const registry = (globalThis as { [REGISTRY]?: { version?: unknown } })[REGISTRY]
  if (registry?.version !== DENO || init.headers?.traceparent === undefined) return init
  const { traceparent: _, tracestate: __, ...headers } = init.headers
  return { ...init, headers }
}
