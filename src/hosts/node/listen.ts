import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { sendNodeResponse } from 'srvx/node'
import { allFamilies } from '../../routes/families.ts'
import { logInternalError } from '../../routes/internal-error.ts'
import type { Runtime } from '../server/runtime.ts'
import { sendDirectly } from './body-writer.ts'
import { directRequest } from './request.ts'

/** Milliseconds for which a client may still send a body after its request has been answered. */
const unreadBodyTimeout = 2_000

/** Listens with `node:http`. */
export const listen: Runtime['listen'] = async (given) => {
  const { fetch, port, hostname, reusePort = false, tls, bodyTimeout } = given
  const options = {
    headersTimeout: bodyTimeout,
    // The handler itself rejects a slow body with 408; this limit is for bodies that it does not read.
    requestTimeout: 2 * bodyTimeout + 5_000,
    connectionsCheckingInterval: Math.min(5_000, Math.max(100, bodyTimeout / 4)),
  }
  const listener = (req: IncomingMessage, res: ServerResponse) => {
    res.once('finish', () => closeIfUnread(req))
    if (res.socket === null) closeWithConnection(req, res)
    void respond(fetch, req, res)
  }
  const server = tls
    ? (await secureServer())({ ...options, ...tls, handshakeTimeout: bodyTimeout }, listener)
    : createServer(options, listener)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ port, host: hostname, reusePort }, resolve)
  })
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        // Idle keep-alive connections would keep the server open.
        server.closeIdleConnections()
      }),
  }
}

/** Never rejects: on Node an unhandled rejection ends the process. */
async function respond(
  fetch: (request: Request) => Promise<Response>,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  let answer: Response | undefined
  try {
    const request = directRequest(req, res)
    answer = await fetch(request)
    if (!sendDirectly(res, answer)) await sendNodeResponse(res, answer)
  } catch (error) {
    // Cancelled so that the engine stops: nothing will read the rest of the answer.
    await answer?.body?.cancel().catch(() => {})
    await fail(error, req, res).catch(() => res.destroy())
  }
}

/** Answers with 500, or closes the connection where the headers have been sent already. */
async function fail(error: unknown, req: IncomingMessage, res: ServerResponse): Promise<void> {
  if (res.headersSent) {
    res.destroy()
    return
  }
  const headers = new Headers()
  if (req.headers['anthropic-version']) headers.set('anthropic-version', 'any')
  const asked = { url: `http://host${req.url}`, headers }
  const response = logInternalError(asked, error, allFamilies)
  await sendNodeResponse(res, response)
}

/** Imported only here: most servers run without TLS, and start faster without loading it. */
async function secureServer() {
  return (await import('node:https')).createServer
}

/** Closes the connection of an answered request whose body does not end; Deno would wait for it. */
function closeIfUnread(request: IncomingMessage): void {
  if (request.complete) return
  const timer = setTimeout(() => {
    // Deno sets it to null when the connection is reset, and tells of no `close` then.
    const socket: IncomingMessage['socket'] | null = request.socket
    if (!request.complete) socket?.destroy()
  }, unreadBodyTimeout)
  request.once('close', () => clearTimeout(timer))
}

/**
 * Closes a response that waits for earlier ones of its connection, once that closes: Deno tells such a response
 * nothing, and its engine would go on for a client that has left.
 */
function closeWithConnection({ socket }: IncomingMessage, response: ServerResponse): void {
  const close = () => {
    if (response.destroyed) return
    response.destroy()
    response.emit('close')
  }
  // A client may send many requests at once.
  socket.setMaxListeners(0).once('close', close)
  response.once('close', () => socket.off('close', close))
}
