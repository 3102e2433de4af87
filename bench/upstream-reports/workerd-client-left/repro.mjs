// workerd: a worker that returns fetch() is not told that its client has left, so the connection to the
// origin stays open while nothing is written. Run: node repro.mjs PATH_OF_WORKERD. Exits with 1 while
// workerd does so, and with 0 once it is fixed.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const PATIENCE = 5_000
const FIRST = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nfirst\r\n'

/** An origin that sends one chunk and then nothing, and sees its connections close. */
let originClosed = Promise.withResolvers()
const origin = createServer((socket) => {
  socket.on('error', () => {}).on('close', () => originClosed.resolve(performance.now()))
  socket.once('data', () => socket.write(FIRST))
})
await new Promise((resolve) => origin.listen(0, '127.0.0.1', resolve))

const folder = mkdtempSync(join(tmpdir(), 'workerd-repro-'))
writeFileSync(
  join(folder, 'worker.mjs'),
  `export default { fetch: ({ signal }) => fetch('http://127.0.0.1:${origin.address().port}/', { signal }) }`,
)
writeFileSync(
  join(folder, 'config.capnp'),
  `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = (modules = [(name = "worker", esModule = embed "worker.mjs")],
      compatibilityDate = "2026-11-17", globalOutbound = "net")),
    (name = "net", network = (allow = ["private", "local"]))],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")]);`,
)
const workerd = spawn(
  process.argv[2] ?? 'workerd',
  ['serve', '--control-fd=3', join(folder, 'config.capnp')],
  { stdio: ['ignore', 'inherit', 'inherit', 'pipe'] },
)
const port = await new Promise((resolve, reject) => {
  workerd.on('error', reject)
  workerd.stdio[3].on('data', (bytes) => {
    const [, found] = /"port":\s*(\d+)/.exec(String(bytes)) ?? []
    if (found) resolve(Number(found))
  })
})

const closing = await closedAfter('destroy')
const resetting = await closedAfter('resetAndDestroy')
workerd.kill()
rmSync(folder, { recursive: true })
console.log("The origin's connection was closed")
console.log(`  after the client had closed its connection: ${told(closing)}`)
console.log(`  after the client had reset it: ${told(resetting)}`)
if (resetting === undefined) process.exit(2)
console.log(closing === undefined ? 'Not told of a client that closed.' : 'Told of both: fixed.')
process.exit(closing === undefined ? 1 : 0)

/** Milliseconds from when a client left, in this way, until the origin's connection closed. */
async function closedAfter(leave) {
  originClosed = Promise.withResolvers()
  const client = connect(port, '127.0.0.1', () => client.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n'))
  await new Promise((resolve) => {
    client.on('data', (bytes) => String(bytes).includes('first') && resolve())
  })
  const left = performance.now()
  client[leave]()
  const timeout = new Promise((resolve) => setTimeout(resolve, PATIENCE))
  const closed = await Promise.race([originClosed.promise, timeout])
  return closed === undefined ? undefined : closed - left
}

function told(time) {
  return time === undefined ? `not within ${PATIENCE} ms` : `after ${time.toFixed(1)} ms`
}
