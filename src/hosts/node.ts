import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { toNodeHandler } from 'srvx/node'
import type { SettingsInput } from '../settings.ts'
import { patientFetch } from './node-fetch.ts'
import { type Runtime, main as run, type Server, start } from './serve.ts'

const runtime: Runtime = {
  name: `node ${process.versions.node}`,
  fetch: patientFetch,
  async listen({ fetch, port, hostname }) {
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
  },
}

/** Serves on Node. Rejects with a `SettingsError`. */
export function serve(settings?: SettingsInput): Promise<Server> {
  return start(runtime, settings)
}

/** The `sluice` command on Node. */
export function main(args: readonly string[] = process.argv.slice(2)): Promise<void> {
  return run(runtime, args)
}

if (import.meta.main) await main()
