/** The yardstick of each runtime: the upstream's answer, returned untouched. */

/** Asks `upstream` (`http://127.0.0.1:PORT`) the same and returns what it answers. */
export function rawFetch(upstream: string): (request: Request) => Promise<Response> {
  return async (request) =>
    fetch(upstream + new URL(request.url).pathname, {
      method: request.method,
      headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
      // A body of known length: passing on the stream of it would cost more on every runtime.
      ...(request.method === 'POST' && { body: await request.arrayBuffer() }),
      signal: request.signal,
    })
}
