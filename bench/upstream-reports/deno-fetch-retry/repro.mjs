// Deno: fetch sends a POST a second time where a connection that was used before closes without an answer,
// although the server has read the request. Run: deno run -A repro.mjs (also: node, bun). Exits with 1
// while fetch does so, and with 0 once it is fixed.
import { createServer } from 'node:net'
import process from 'node:process'

const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'
/** Milliseconds for which the server works on the POST before it dies. */
const WORK = 1_000

let posts = 0
const server = createServer((socket) => {
  socket.on('error', () => {})
  socket.on('data', (bytes) => {
    if (!String(bytes).startsWith('POST')) return socket.write(OK)
    posts++
    if (posts === 1) return setTimeout(() => socket.destroy(), WORK)
    return socket.write(OK)
  })
})
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
const url = `http://127.0.0.1:${server.address().port}/`

// The connection of this one is kept, and used again.
await (await fetch(url)).text()
const outcome = await fetch(url, { method: 'POST', body: '{"prompt":"generate this"}' }).then(
  ({ status }) => `resolved with ${status}`,
  (error) => `rejected: ${error.message}`,
)
console.log(`fetch was called once for a POST, and ${outcome}. The server read it ${posts} times.`)
console.log(posts > 1 ? 'Sent again.' : 'Sent once: fixed.')
process.exit(posts > 1 ? 1 : 0)
