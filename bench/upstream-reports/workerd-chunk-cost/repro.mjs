// workerd: what it costs when JavaScript passes on the chunks of a stream, in comparison with workerd
// itself doing it. Run: node repro.mjs PATH_OF_WORKERD (on Linux, as it reads /proc). Exits with 1 while a
// chunk takes more than three times as much through a TransformStream, and with 0 once it is fixed.
import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const [CHUNKS, BLOCK, LIMIT] = [20_000, 200, 3]

/** The origin sends chunks of 228 bytes, as fast as they are read. */
const block = Buffer.from(`e4\r\n${'x'.repeat(228)}\r\n`.repeat(BLOCK))
const origin = createServer((socket) => {
  socket
    .on('error', () => {})
    .once('data', () => {
      let left = CHUNKS / BLOCK
      socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n')
      const write = () => {
        while (left-- > 0) if (!socket.write(block)) return socket.once('drain', write)
        socket.end('0\r\n\r\n')
      }
      write()
    })
})
await new Promise((resolve) => origin.listen(0, '127.0.0.1', resolve))

const folder = mkdtempSync(join(tmpdir(), 'workerd-repro-'))
writeFileSync(
  join(folder, 'worker.mjs'),
  `export default {
  async fetch(request) {
    const response = await fetch('http://127.0.0.1:${origin.address().port}/')
    if (request.url.endsWith('/untouched')) return response
    const { readable, writable } = new TransformStream({
      transform(chunk, controller) { controller.enqueue(chunk) },
    })
    response.body.pipeTo(writable)
    return new Response(readable)
  },
}`,
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

const untouched = await cost('/untouched')
const transformed = await cost('/transformed')
workerd.kill()
rmSync(folder, { recursive: true })
console.log(`Microseconds of processor time for each chunk of 228 bytes:
  return fetch()                         ${untouched.toFixed(2)}
  through an identity TransformStream    ${transformed.toFixed(2)}`)
const slow = transformed > LIMIT * untouched
console.log(`${(transformed / untouched).toFixed(1)} times as much${slow ? '.' : ': fixed.'}`)
process.exit(slow ? 1 : 0)

/** Microseconds of workerd for each chunk; the first time is to warm up. */
async function cost(path) {
  await read(path)
  const before = used()
  await read(path)
  return (used() - before) / CHUNKS
}

async function read(path) {
  const request = `GET ${path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n`
  const client = connect(port, '127.0.0.1', () => client.write(request))
  await new Promise((resolve) => client.resume().on('end', resolve))
}

/** Microseconds that workerd's threads have run. */
function used() {
  const tasks = `/proc/${workerd.pid}/task`
  return readdirSync(tasks).reduce((sum, id) => {
    const [nanoseconds] = readFileSync(`${tasks}/${id}/schedstat`, 'utf8').split(' ')
    return sum + Number(nanoseconds) / 1000
  }, 0)
}
