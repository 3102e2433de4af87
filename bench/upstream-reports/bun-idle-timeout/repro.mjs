// Bun.serve: server.timeout(request, 0) stays in force for the connection after the response, so that
// an idle client is never disconnected. Run: bun repro.mjs. Exits with 1 while Bun does so, else with 0.
import { connect } from 'node:net'

/** Seconds; Bun closes after up to 4 s more. */
const IDLE = 2
const PATIENCE = 12_000

const server = Bun.serve({
  ...{ port: 0, hostname: '127.0.0.1', idleTimeout: IDLE },
  fetch(request) {
    if (request.url.endsWith('/long')) server.timeout(request, 0)
    return new Response('ok')
  },
})

const [plain, long] = await Promise.all([closedAfter('/plain'), closedAfter('/long')])
console.log(`idleTimeout is ${IDLE} s. An idle connection was closed`)
console.log(`  after a plain request: ${told(plain)}`)
console.log(`  after a request with server.timeout(request, 0): ${told(long)}`)
if (plain === undefined) process.exit(2)
console.log(long === undefined ? 'The timeout stayed off.' : 'Closed as well: fixed.')
process.exit(long === undefined ? 1 : 0)

/** Milliseconds from the answer until the server closes the idle connection, if it does. */
async function closedAfter(path) {
  const socket = connect(server.port, '127.0.0.1')
  const closed = new Promise((resolve) => socket.on('close', resolve))
  const answered = new Promise((resolve) => socket.once('data', resolve))
  socket.write(`GET ${path} HTTP/1.1\r\nhost: a\r\n\r\n`)
  await answered
  const start = performance.now()
  const timeout = Bun.sleep(PATIENCE).then(() => 'open')
  const end = await Promise.race([closed, timeout])
  socket.destroy()
  return end === 'open' ? undefined : performance.now() - start
}

function told(time) {
  return time === undefined ? `not within ${PATIENCE / 1000} s` : `after ${Math.round(time)} ms`
}
