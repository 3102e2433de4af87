import { lastResort, unfailing } from '../../routes/last-resort.ts'
import { directFetch } from '../server/direct-fetch.ts'
import type { Runtime } from '../server/runtime.ts'
import { bunBodyWriter } from './body-writer.ts'
import { dial } from './dial.ts'
import { nativeFetch } from './fetch.ts'
import { bunTerminal } from './terminal.ts'

/** Milliseconds; Bun's shortest limit is 10 s. */
const keepAwakeEvery = 2_500

/** What Bun gives. */
export const runtime: Runtime = {
  name: `bun ${Bun.version}`,
  place: 'bun',
  fetch: directFetch(dial, nativeFetch),
  frameWriter: bunBodyWriter,
  terminal: bunTerminal,
  async listen({ fetch, port, hostname, tls, bodyTimeout }) {
    const idleTimeout = Math.ceil(Math.min(240_000, Math.max(10_000, bodyTimeout)) / 1_000)
    // The largest body is for the settings to say, and for the handler to refuse in its own words.
    const maxRequestBodySize = Number.MAX_SAFE_INTEGER
    const answer = unfailing(fetch)
    const server = Bun.serve({
      async fetch(request) {
        running.add(request)
        const response = await answer(request)
        // What is no stream is written at once.
        if (!isStream(response)) running.delete(request)
        return response
      },
      // What Bun itself fails at. Its own page for that would show a client our source and stack.
      error: (error) => lastResort({ url: '', headers: new Headers() }, error),
      development: false,
      ...{ port, hostname, idleTimeout, maxRequestBodySize },
      ...(tls && { tls }),
    })
    const running = keepAwake(server, idleTimeout)
    return { port: server.port ?? port, close: () => server.stop() }
  },
}

/**
 * Bun closes what is quiet for `seconds`, which is right for a client that sends nothing, and wrong
 * for an answer: a model that loads, a long thought. Switched off by 0 for one request, it would be
 * off for its connection's next ones too; so it begins anew for as long as a request runs.
 */
function keepAwake(server: Bun.Server<undefined>, seconds: number): Set<Request> {
  const running = new Set<Request>()
  const timer = setInterval(() => {
    for (const request of running) {
      // An answered request has no address any more.
      if (server.requestIP(request) === null) running.delete(request)
      else server.timeout(request, seconds)
    }
  }, keepAwakeEvery)
  timer.unref()
  return running
}

function isStream({ headers }: Response): boolean {
  return headers.get('content-type')?.startsWith('text/event-stream') ?? false
}
