import { rawFetch } from './raw-fetch.ts'

const [port = '', upstream = ''] = process.argv.slice(2)
Bun.serve({
  port: Number(port),
  hostname: '127.0.0.1',
  idleTimeout: 0,
  fetch: rawFetch(upstream),
})
