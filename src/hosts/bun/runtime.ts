import { allFamilies } from '../../routes/families.ts'
import { logInternalError, withErrorResponse } from '../../routes/internal-error.ts'
import { directFetch } from '../server/direct-fetch.ts'
import type { Runtime } from '../server/runtime.ts'
import { bunBodyWriter } from './body-writer.ts'
import { dial } from './dial.ts'
import { nativeFetch } from './fetch.ts'
import { bunTerminal } from './terminal.ts'

/** Milliseconds between two extensions; the shortest idle timeout below is 10 s. */
const extendEvery = 2_500

/**
 * Typed arrays up to this many bytes are stored by Bun without a separate `ArrayBuffer`. For a view it allocates
 * one, and garbage collecting those costs many times what the copies cost.
 */
const INLINE_BYTES = 1_000

/** What Bun offers to a server. */
export const runtime: Runtime = {
  name: `bun ${Bun.version}`,
  place: 'bun',
  fetch: directFetch(dial, nativeFetch, INLINE_BYTES),
  frameWriter: bunBodyWriter,
  terminal: bunTerminal,
  async listen({ fetch, port, hostname, reusePort = false, tls, bodyTimeout }) {
    const idleTimeout = Math.ceil(Math.min(240_000, Math.max(10_000, bodyTimeout)) / 1_000)
    // The handler checks the size against `maxBody`, and answers with an error of the API's shape.
    const maxRequestBodySize = Number.MAX_SAFE_INTEGER
    const answer = withErrorResponse(fetch, allFamilies)
    const server = Bun.serve({
      async fetch(request) {
        running.add(request)
        const response = await answer(request)
        // Any other answer is written at once, and cannot become idle.
        if (!isStream(response)) running.delete(request)
        return response
      },
      // For errors of Bun itself. Its own error page would show our source and stack to a client.
      error: (error) => logInternalError({ url: '', headers: new Headers() }, error, []),
      development: false,
      // Given in any case: with `development: false`, Bun 1.4.5 takes it as true.
      ...{ port, hostname, reusePort, idleTimeout, maxRequestBodySize },
      ...(tls && { tls }),
    })
    const { running, end } = extendIdleTimeouts(server, idleTimeout)
    return { port: server.port ?? port, close: () => server.stop().finally(end) }
  },
}

/**
 * Bun closes a connection that is idle for `seconds`. That is right for a client that sends nothing,
 * but an answer may be idle for longer, while a model loads or reasons. A timeout of 0 for one request
 * stays off after its answer, and a client that sends nothing more would never be disconnected
 * (bench/upstream-reports/bun-idle-timeout). So the timeout is set again and again while a request runs:
 * while it is in the set of running ones, until `end` is called.
 */
function extendIdleTimeouts(server: Bun.Server<undefined>, seconds: number) {
  const running = new Set<Request>()
  const timer = setInterval(() => {
    for (const request of running) {
      // Bun has no address for a request that has been answered.
      if (server.requestIP(request) === null) running.delete(request)
      else server.timeout(request, seconds)
    }
  }, extendEvery)
  timer.unref()
  return { running, end: () => clearInterval(timer) }
}

function isStream({ headers }: Response): boolean {
  return headers.get('content-type')?.startsWith('text/event-stream') ?? false
}
