import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { expect, it } from 'vitest'
import type { Runtime } from '../../../../src/hosts/server/runtime.ts'

const host = ['bun', 'deno'].find((name) => name in process.versions) ?? 'node'
const { runtime }: { runtime: Runtime } = await import(`../../../../src/hosts/${host}/runtime.ts`)

const encoder = new TextEncoder()

/** A client in a thread of its own: one in this thread reads only what has become of several packets. */
const client = `
  const { connect } = require('node:net')
  const { parentPort, workerData } = require('node:worker_threads')
  const packets = []
  const socket = connect(workerData, '127.0.0.1', () => socket.write('GET / HTTP/1.1\\r\\nhost: a\\r\\n\\r\\n'))
  socket.on('data', (packet) => {
    packets.push(String(packet))
    if (packets.join('').endsWith('0\\r\\n\\r\\n')) socket.end()
  })
  socket.on('close', () => parentPort.postMessage(packets))
`

/** What arrives for a request, packet by packet. */
function packetsFrom(port: number): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(client, { eval: true, workerData: port })
    worker.once('message', resolve)
    worker.once('error', reject)
  })
}

async function answered(fetch: () => Promise<Response>): Promise<string[]> {
  const { port, close } = await runtime.listen({
    ...{ fetch, port: 0, hostname: '127.0.0.1', tls: undefined, bodyTimeout: 10_000 },
  })
  const packets = await packetsFrom(port)
  await close()
  return packets
}

async function slowAnswer(): Promise<Response> {
  // As from an engine: what is answered at once leaves by one call anyway.
  await sleep(5)
  const writer = runtime.frameWriter?.()
  if (writer === undefined) throw new Error('this runtime has no writer')
  void (async () => {
    const taken = writer.write([encoder.encode('data: 1\n\n')])
    await writer.write([encoder.encode('data: 2\n\n')])
    await taken
    await sleep(5)
    await writer.write([encoder.encode('data: 3\n\n')])
    writer.close()
  })()
  return writer.respond({ headers: { 'content-type': 'text/event-stream' } })
}

it('sends the first frames together with the headers', async () => {
  // Two packets may be read as one, so that a single answer proves nothing.
  for (let times = 0; times < 12; times++) {
    const packets = await answered(slowAnswer)
    expect(packets[0]).toMatch(
      /^HTTP\/1\.1 200 [\s\S]*\r\n\r\n[\s\S]*data: 1\n\n[\s\S]*data: 2\n\n/,
    )
    expect(packets.join('').match(/data: \d/g)).toEqual(['data: 1', 'data: 2', 'data: 3'])
  }
})

it('sends a stream that was written and ended before its headers', async () => {
  const packets = await answered(async () => {
    const writer = runtime.frameWriter?.()
    if (writer === undefined) throw new Error('this runtime has no writer')
    void writer.write([encoder.encode('data: 1\n\ndata: [DONE]\n\n')])
    writer.close()
    return writer.respond()
  })
  expect(packets.join('')).toMatch(/data: 1\n\ndata: \[DONE\]\n\n\r\n0\r\n\r\n$/)
})
