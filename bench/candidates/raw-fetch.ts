/** The minimum on each runtime: the upstream's answer, returned unchanged. */

/** Sends the request to `upstream` (`http://127.0.0.1:PORT`) and returns its answer. */
export function rawFetch(upstream: string): (request: Request) => Promise<Response> {
  return async (request) =>
    fetch(upstream + new URL(request.url).pathname, {
      method: request.method,
      headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
      // Read first, so that its length is known: forwarding it as a stream is slower on every runtime.
      ...(request.method === 'POST' && { body: await request.arrayBuffer() }),
      signal: request.signal,
    })
}
