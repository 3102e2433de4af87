/** Two workers to compare with sluice on workerd, and the configuration that runs them. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

export const workers = {
  /** Returns the upstream's body unchanged: no JavaScript runs for a chunk. */
  untouched: `export default {
  fetch(request, env) {
    return fetch(env.UPSTREAM + new URL(request.url).pathname, request)
  },
}
`,
  /** The minimum that runs JavaScript for every chunk. */
  pass: `export default {
  async fetch(request, env) {
    const response = await fetch(env.UPSTREAM + new URL(request.url).pathname, request)
    const seen = new TransformStream({
      transform(chunk, controller) {
        controller.enqueue(chunk)
      },
    })
    return new Response(response.body.pipeThrough(seen), response)
  },
}
`,
}

/** Writes a worker and its configuration into `folder`; returns the configuration's path. */
export function writeWorker(
  folder: string,
  name: keyof typeof workers,
  port: number,
  upstream: string,
): string {
  writeFileSync(join(folder, 'worker.js'), workers[name])
  const path = join(folder, 'config.capnp')
  writeFileSync(
    path,
    `using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "main", worker = (
      modules = [(name = "worker.js", esModule = embed "worker.js")],
      compatibilityDate = "2026-11-17",
      bindings = [(name = "UPSTREAM", text = ${JSON.stringify(upstream)})],
      globalOutbound = "upstreams",
    )),
    (name = "upstreams", network = (allow = ["public", "private", "local"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")],
);
`,
  )
  return path
}
