// Deno.serve: each chunk of a fetch body that is returned as it is leaves with a system call and a packet of
// its own, however many are there. Run on Linux: deno run -A repro.mjs. Exits with 1 while Deno does so,
// and with 0 once it is fixed. Other programs that send much over TCP meanwhile disturb it.
import { connect, createServer } from 'node:net'
import process from 'node:process'

const CHUNKS = 40_000
const BLOCK = 200

/** The origin sends chunks of 228 bytes, 200 with each write, as fast as they are read. */
const block = new TextEncoder().encode(`e4\r\n${'x'.repeat(228)}\r\n`.repeat(BLOCK))
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
const url = `http://127.0.0.1:${origin.address().port}/`

const returned = await packets(() => fetch(url))
// The same chunks out of JavaScript, which Deno sends many at a time.
const made = await packets(() => {
  let left = CHUNKS
  const chunk = new Uint8Array(228)
  const pull = (to) => (left-- > 0 ? to.enqueue(chunk) : to.close())
  return new Response(new ReadableStream({ pull }))
})
console.log(`Packets that this machine sent for each of ${CHUNKS} chunks:`)
console.log(`  return fetch()           ${returned.toFixed(3)}`)
console.log(`  a stream of JavaScript   ${made.toFixed(3)}`)
const single = returned - made > 0.5
console.log(single ? 'Each chunk was sent alone.' : 'Many chunks were sent together: fixed.')
process.exit(single ? 1 : 0)

/** Packets for each chunk, of everything between the origin, this server and its client. */
async function packets(answer) {
  const server = Deno.serve({ port: 0, hostname: '127.0.0.1', onListen() {} }, answer)
  const before = sent()
  const client = connect(server.addr.port, '127.0.0.1')
  client.write('GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n')
  await new Promise((resolve) => client.resume().on('end', resolve))
  const count = sent() - before
  await server.shutdown()
  return count / CHUNKS
}

/** TCP packets with data that this system has sent. */
function sent() {
  const [names, values] = Deno.readTextFileSync('/proc/net/netstat')
    .split('\n')
    .filter((line) => line.startsWith('TcpExt:'))
    .map((line) => line.split(' '))
  return Number(values[names.indexOf('TCPOrigDataSent')])
}
