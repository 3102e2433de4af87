import { rawFetch } from './raw-fetch.ts'

declare const Deno: {
  args: string[]
  serve(
    options: { port: number; hostname: string; onListen(): void },
    handler: (request: Request) => Promise<Response>,
  ): void
}

const [port = '', upstream = ''] = Deno.args
Deno.serve({ port: Number(port), hostname: '127.0.0.1', onListen: () => {} }, rawFetch(upstream))
