/** The proxy of Hono's documentation, on Node. Its packages are in a folder of their own. */
import { createRequire } from 'node:module'

const [port = '', upstream = '', packages = ''] = process.argv.slice(2)
const load = createRequire(packages)

interface Context {
  req: { path: string; raw: Request }
}
interface App {
  fetch: unknown
  all(path: string, handler: (context: Context) => Promise<Response>): void
}
const { Hono } = load('hono') as { Hono: new () => App }
const { proxy } = load('hono/proxy') as {
  proxy(url: string, init: { raw: Request; signal: AbortSignal }): Promise<Response>
}
const { serve } = load('@hono/node-server') as { serve(options: object): void }

const app = new Hono()
app.all('/v1/*', ({ req }) => proxy(upstream + req.path, { raw: req.raw, signal: req.raw.signal }))
serve({ fetch: app.fetch, port: Number(port), hostname: '127.0.0.1' })
