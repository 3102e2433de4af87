import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { toNodeHandler } from 'srvx/node'
import type { Runtime } from './serve.ts'

/** Listens by `node:http`. */
export const listen: Runtime['listen'] = async ({ fetch, port, hostname }) => {
  const server = createServer(toNodeHandler(fetch) as RequestListener)
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
