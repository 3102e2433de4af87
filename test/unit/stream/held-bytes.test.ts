import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, it } from 'vitest'
import { ChatEncoder } from '../../../src/dialects/chat/encoder.ts'
import { readFrames } from '../../../src/stream/body-reader.ts'
import { Exchange } from '../../../src/stream/exchange.ts'
import { openStream, streamResponse } from '../../../src/stream/sse-response.ts'
import { sharedTicker } from '../../../src/stream/ticker.ts'
import { transformWriter } from '../../../src/stream/transform-writer.ts'
import { ChatContract } from '../../../src/wire/contract/chat.ts'
import { encodeText } from '../../../src/wire/sse/sse.ts'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

const CHUNK = {
  ...{ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm' },
  choices: [{ index: 0, delta: { role: 'assistant', content: 'a' }, finish_reason: null }],
}

/** A stream whose upstream writes two packets and then nothing. */
async function quietStream() {
  const limit = 60_000
  const exchange = new Exchange({
    client: new AbortController().signal,
    limits: {
      ...{ answerTimeout: limit, firstTokenTimeout: limit },
      ...{ tokenTimeout: limit, clientTimeout: limit },
    },
    ticker: sharedTicker(1_000),
    onEnd: () => {},
  })
  const packets: WeakRef<ArrayBuffer>[] = []
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      async pull(controller) {
        if (packets.length === 2) return new Promise(() => {})
        const packet = encodeText(`data: ${JSON.stringify(CHUNK)}\n\n`)
        packets.push(new WeakRef(packet.buffer))
        controller.enqueue(packet)
      },
    },
    { highWaterMark: 0 },
  )
  const contract = new ChatContract({ label: 'x' })
  const read = readFrames(body as never, contract, new AbortController(), true)
  const answer = Promise.resolve({ kind: 'frames', contract, ...read } as const)
  const response = await streamResponse(
    exchange,
    openStream(exchange, answer, exchange.signal),
    new ChatEncoder('id', 'm'),
    {
      ...{ headerWait: 1_000, heartbeat: limit, clientTimeout: limit },
      frameWriter: transformWriter,
    },
  )
  return { exchange, packets, response }
}

it('a quiet stream holds no packet that its client has read', async () => {
  const { exchange, packets, response } = await quietStream()
  const reader = response.body?.getReader()
  for (let count = 0; count < 2; count++) await reader?.read()
  const reading = reader?.read()
  for (let turn = 0; turn < 3; turn++) {
    await new Promise((resolve) => setTimeout(resolve, 5))
    collect()
  }
  expect(packets.map((packet) => packet.deref() !== undefined)).toEqual([false, false])
  exchange.cancel()
  await reading?.catch(() => {})
})
