// Deno.serve: request.signal does not tell of a client that left before the headers of the answer, unless
// its request came in one small packet. Run: deno run -A repro.mjs. Exits with 1 while Deno does so, else 0.
const PATIENCE = 2_000

let abortedAt
let isRead
const server = Deno.serve({ port: 0, hostname: '127.0.0.1', onListen() {} }, async (request) => {
  request.signal.addEventListener('abort', () => {
    abortedAt ??= performance.now()
  })
  await request.text()
  isRead.resolve()
  await sleep(PATIENCE)
  return new Response('late')
})

const head = (length) => `POST / HTTP/1.1\r\nhost: a\r\ncontent-length: ${length}\r\n\r\n`
const requests = {
  'one small packet': [`${head(5)}hello`],
  'two packets': [head(5), 'hello'],
  '100 KB': [head(100_000) + 'x'.repeat(100_000)],
}

console.log('The signal of a client that left before the headers of the answer aborted')
let missed = 0
for (const [name, packets] of Object.entries(requests)) {
  const time = await abortAfter(packets)
  if (time === undefined) missed++
  console.log(
    `  ${name}: ${time === undefined ? `not within ${PATIENCE} ms` : `after ${time.toFixed(1)} ms`}`,
  )
}
console.log(missed > 0 ? `Not told of ${missed} of 3.` : 'Told of each: fixed.')
Deno.exit(missed > 0 ? 1 : 0)

/** Milliseconds from when the client closed its connection until the signal aborted, if it did. */
async function abortAfter(packets) {
  abortedAt = undefined
  isRead = Promise.withResolvers()
  const client = await Deno.connect({ hostname: '127.0.0.1', port: server.addr.port })
  client.setNoDelay(true)
  for (const packet of packets) {
    let rest = new TextEncoder().encode(packet)
    while (rest.length > 0) rest = rest.subarray(await client.write(rest))
    await sleep(100)
  }
  await isRead.promise
  const left = performance.now()
  client.close()
  // Shorter than the handler waits, since its answer ends the request.
  await sleep(PATIENCE - 500)
  const time = abortedAt === undefined ? undefined : abortedAt - left
  await sleep(1_000)
  return time
}

function sleep(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
