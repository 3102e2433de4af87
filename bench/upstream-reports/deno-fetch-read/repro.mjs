// Deno: what it costs to read a fetch body of small chunks, in comparison with node:http's client.
// Run: deno run -A repro.mjs (also: node repro.mjs, bun repro.mjs). Exits with 1 while fetch takes more
// than four times the processor time, and with 0 once it is fixed.
import { spawn } from 'node:child_process'
import { get } from 'node:http'
import { createServer } from 'node:net'
import process from 'node:process'

const CHUNKS = 40_000
const BLOCK = 200
const LIMIT = 4

if (process.argv[2] === 'upstream') upstream()
else await compare()

/** Answers every request with chunks of 228 bytes, as fast as they are read. */
function upstream() {
  const block = Buffer.from(`e4\r\n${'x'.repeat(228)}\r\n`.repeat(BLOCK))
  const listener = createServer((socket) => {
    socket
      .on('error', () => {})
      .on('data', () => {
        let left = CHUNKS / BLOCK
        socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n')
        const write = () => {
          while (left-- > 0) if (!socket.write(block)) return socket.once('drain', write)
          socket.write('0\r\n\r\n')
        }
        write()
      })
  })
  listener.listen(0, '127.0.0.1', () => console.log(listener.address().port))
}

async function compare() {
  const run = 'Deno' in globalThis ? ['run', '-A'] : []
  const program = spawn(process.execPath, [...run, import.meta.filename, 'upstream'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const port = await new Promise((resolve) => {
    program.stdout.once('data', (bytes) => resolve(Number(String(bytes))))
  })
  const url = `http://127.0.0.1:${port}/`
  const fetching = await cost(async () => {
    const reader = (await fetch(url)).body.getReader()
    while (!(await reader.read()).done);
  })
  const iterating = await cost(async () => {
    for await (const _ of (await fetch(url)).body);
  })
  const node = await cost(
    () =>
      new Promise((resolve) => {
        get(url, (response) => response.on('data', () => {}).on('end', resolve))
      }),
  )
  program.kill()
  console.log('Microseconds of processor time for each chunk of 228 bytes:')
  console.log(`  fetch, reader.read()    ${fetching.toFixed(2)}`)
  console.log(`  fetch, for await        ${iterating.toFixed(2)}`)
  console.log(`  node:http, data events  ${node.toFixed(2)}`)
  const slow = fetching > LIMIT * node
  console.log(`fetch takes ${(fetching / node).toFixed(1)} times as much${slow ? '.' : ': fixed.'}`)
  process.exit(slow ? 1 : 0)
}

/** Microseconds of this process for each chunk; the first time is to warm up. */
async function cost(read) {
  await read()
  const before = process.cpuUsage()
  await read()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / CHUNKS
}
