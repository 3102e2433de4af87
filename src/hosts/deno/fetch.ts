import type { Fetch } from '../../platform/fetch.ts'
import { withoutDoubleTrace } from '../../platform/own-trace.ts'

let unpooled: Deno.HttpClient | undefined

/**
 * Deno's own `fetch`, which honours `once`. By default Deno sends a POST again when a reused connection
 * closes without an answer, even seconds after the server has read the request, and so could generate
 * twice. A client that reuses no connections does not: a POST therefore costs a connection of its own.
 */
export const nativeFetch: Fetch = (url, { once, ...given }) => {
  const init = withoutDoubleTrace(given)
  if (!once && init.method !== 'POST') return fetch(url, init)
  unpooled ??= Deno.createHttpClient({ poolMaxIdlePerHost: 0 })
  return fetch(url, { ...init, client: unpooled })
}
