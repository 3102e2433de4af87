import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { sendNodeResponse } from 'srvx/node'
import { lastResort } from '../../routes/last-resort.ts'
import type { Runtime } from '../server/runtime.ts'
import { sendDirectly } from './body-writer.ts'
import { directRequest } from './request.ts'

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
  const listener = (req: IncomingMessage, res: ServerResponse) => {
    res.once('finish', () => dismiss(req))
    void respond(fetch, req, res)
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

/** Never rejects: a rejection that nobody handles ends the process, on Node. */
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
    // Nobody reads the rest of it: whoever writes it learns that the client is gone.
    await answer?.body?.cancel().catch(() => {})
    await fail(error, req, res).catch(() => res.destroy())
  }
}

/** Answers with a 500, where nothing was answered yet; otherwise breaks the answer off. */
async function fail(error: unknown, req: IncomingMessage, res: ServerResponse): Promise<void> {
  if (res.headersSent) {
    res.destroy()
    return
  }
  const headers = new Headers()
  if (req.headers['anthropic-version']) headers.set('anthropic-version', 'any')
  const response = lastResort({ url: `http://host${req.url}`, headers }, error)
  await sendNodeResponse(res, response)
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
