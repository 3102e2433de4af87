// Bun.serve: a write that was flushed leaves only when two other responses have been written, or when the
// callbacks of all other sockets have run.
// Run: bun repro.mjs. Exits with 1 while Bun does so, and with 0 once it is fixed.
import { spawn } from 'node:child_process'
import { connect, createServer } from 'node:net'

/** Milliseconds for which the other socket's callback computes. */
const BUSY = 100
const ROUNDS = 10

const [role, port] = process.argv.slice(2)
if (role === 'upstream') upstream()
else if (role === 'client') client(Number(port))
else await server()

/** Sends a byte to both connections at once, again and again, so that both are ready in one poll. */
function upstream() {
  const sockets = []
  const listener = createServer((socket) => {
    socket.setNoDelay(true).on('error', () => {})
    sockets.push(socket)
  })
  listener.listen(0, '127.0.0.1', () => console.log(listener.address().port))
  setInterval(() => {
    if (sockets.length === 2) for (const socket of sockets) socket.write('x')
  }, 4 * BUSY)
}

/** Prints how many milliseconds after its write each line arrived. */
function client(to) {
  const socket = connect(to, '127.0.0.1', () => socket.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n'))
  socket.on('data', (bytes) => {
    const now = Date.now()
    for (const [, sent] of String(bytes).matchAll(/sent at (\d+)/g)) console.log(now - Number(sent))
  })
}

async function server() {
  const source = start('upstream')
  const [from] = await lines(source, 1)
  const answering = Bun.serve({
    ...{ port: 0, hostname: '127.0.0.1', idleTimeout: 0 },
    fetch: () =>
      new Response(new ReadableStream({ type: 'direct', pull: (to) => relay(to, from) })),
  })
  const reader = start('client', String(answering.port))
  const delays = (await lines(reader, ROUNDS)).sort((a, b) => a - b)
  source.kill()
  reader.kill()
  console.log(`Milliseconds from the flush of a line until it arrived: ${delays.join(', ')}`)
  // Not in every round, because the other callback may come first.
  const held = delays.filter((delay) => delay >= 0.9 * BUSY).length > 1
  console.log(held ? 'Held until the other callback had run.' : 'Not held: fixed.')
  process.exit(held ? 1 : 0)
}

/** One connection's callback writes to the response and returns; the other one's computes. */
async function relay(response, from) {
  const listen = (data) =>
    Bun.connect({ hostname: '127.0.0.1', port: from, socket: { data, error() {}, close() {} } })
  await listen(() => {
    response.write(`sent at ${Date.now()}\n`)
    response.flush()
  })
  await listen(() => {
    const until = Date.now() + BUSY
    while (Date.now() < until);
  })
  await new Promise(() => {})
}

function start(...args) {
  return spawn(process.execPath, [import.meta.path, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
}

/** The first `count` numbers that a program prints. */
function lines(program, count) {
  let text = ''
  return new Promise((resolve) => {
    program.stdout.on('data', (bytes) => {
      text += bytes
      const numbers = text.split('\n').slice(0, -1).map(Number)
      if (numbers.length >= count) resolve(numbers.slice(0, count))
    })
  })
}
