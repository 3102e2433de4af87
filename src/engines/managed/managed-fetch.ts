import type { Fetch, Fetched, FetchInit, PacketReader } from '../../platform/fetch.ts'
import type { ManagedServer } from './server.ts'

/** Paths that answer at once, and are no work that a server has to be kept for. */
const COUNTING = /\/(tokenize|detokenize|apply-template|count_tokens|input_tokens|api\/show)$/

/**
 * Sends the requests of an upstream to the port that its server listens on now. Until the answer of
 * one that generates has been read to its end, the server counts as in use. That costs a promise for
 * each packet that is read singly, and nothing for those that are handed over.
 */
export function managedFetch(
  server: ManagedServer,
  { fetch, url: root }: { fetch: Fetch; url: string },
): Fetch {
  const { origin } = new URL(root)
  return async (url, init) => {
    const { port } = server
    if (port === undefined) throw new TypeError('connection refused: the server does not run')
    const target = `http://127.0.0.1:${port}${url.slice(origin.length)}`
    if (!isWork(url, init)) return fetch(target, init)
    const release = heldBy(server, init.signal)
    try {
      return held(await fetch(target, init), release)
    } catch (error) {
      release()
      throw error
    }
  }
}

function isWork(url: string, { method = 'GET' }: FetchInit): boolean {
  return method !== 'GET' && method !== 'OPTIONS' && !COUNTING.test(url)
}

/** Keeps the server in use until the function is called, or the signal aborts. */
function heldBy(server: ManagedServer, signal: AbortSignal | undefined): () => void {
  let isHeld = true
  const release = () => {
    if (!isHeld) return
    isHeld = false
    signal?.removeEventListener('abort', release)
    server.leave()
  }
  server.hold()
  signal?.addEventListener('abort', release, { once: true })
  if (signal?.aborted) release()
  return release
}

function held(response: Fetched, release: () => void): Fetched {
  const { status, ok, headers, body } = response
  if (body === null) {
    release()
    return response
  }
  return {
    status,
    ok,
    headers,
    body: {
      getReader: () => heldReader(body.getReader(), release),
      cancel: () => body.cancel().finally(release),
    },
  }
}

function heldReader(reader: PacketReader, release: () => void): PacketReader {
  const forEachPacket = reader.forEachPacket?.bind(reader)
  return {
    async read() {
      try {
        const packet = await reader.read()
        if (packet.done) release()
        return packet
      } catch (error) {
        release()
        throw error
      }
    },
    ...(forEachPacket && { forEachPacket: (take) => forEachPacket(take).finally(release) }),
    cancel: (reason) => reader.cancel(reason).finally(release),
  }
}
