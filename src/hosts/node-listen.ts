import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { sendNodeResponse } from 'srvx/node'
import { sendPipe } from './node-pipe.ts'
import { directRequest } from './node-request.ts'
import type { Runtime } from './serve.ts'

/** How long a client may go on sending a body that its answer did not wait for, in milliseconds. */
const linger = 2_000

/** Listens by `node:http`. */
export const listen: Runtime['listen'] = async ({ fetch, port, hostname, tls, bodyTimeout }) => {
  const options = {
    headersTimeout: bodyTimeout,
    // The handler refuses a slow body in its own words; this is for one it does not read.
    requestTimeout: 2 * bodyTimeout + 5_000,
    connectionsCheckingInterval: Math.min(5_000, Math.max(100, bodyTimeout / 4)),
  }
  const listener = async (req: IncomingMessage, res: ServerResponse) => {
    res.once('finish', () => dismiss(req))
    const answer = await fetch(directRequest(req, res))
    if (!sendPipe(res, answer)) sendNodeResponse(res, answer).catch(() => res.destroy())
  }
  const server = tls
    ? (await secureServer())({ ...options, ...tls, handshakeTimeout: bodyTimeout }, listener)
    : createServer(options, listener)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, hostname, resolve)
  })
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        // Clients keep connections open for later; those would keep the server open.
        server.closeIdleConnections()
      }),
  }
}

/** Most serve without TLS, and need not wait until it is loaded. */
async function secureServer() {
  return (await import('node:https')).createServer
}

/** An answered request that is still being sent ends with its connection; Deno would wait on. */
function dismiss(request: IncomingMessage): void {
  if (request.complete) return
  const timer = setTimeout(() => {
    if (!request.complete) request.socket.destroy()
  }, linger)
  request.once('close', () => clearTimeout(timer))
}
