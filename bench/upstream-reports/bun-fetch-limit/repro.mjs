// Bun: fetch has at most 256 requests in progress in a process, and only an environment variable that Bun
// reads when it starts changes that. Run: bun repro.mjs. Exits with 1 while Bun does so, and with 0 once 400
// requests are in progress, or once code can say how many there may be.
const REQUESTS = 400
const PATIENCE = 2_000

let started = 0
const server = Bun.serve({
  ...{ port: 0, hostname: '127.0.0.1', idleTimeout: 0 },
  async fetch() {
    started++
    // As a stream of tokens that runs for minutes.
    await new Promise(() => {})
  },
})

process.env.BUN_CONFIG_MAX_HTTP_REQUESTS = '65336'
for (let i = 0; i < REQUESTS; i++) fetch(server.url).catch(() => {})
const deadline = performance.now() + PATIENCE
while (started < REQUESTS && performance.now() < deadline) await Bun.sleep(20)
console.log(`${started} of ${REQUESTS} requests were in progress after at most ${PATIENCE} ms.`)
console.log(started < REQUESTS ? 'The others wait.' : 'All of them: fixed.')
process.exit(started < REQUESTS ? 1 : 0)
