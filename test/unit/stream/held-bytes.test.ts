import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, it } from 'vitest'
import { ChatEncoder } from '../../../src/dialects/chat/encoder.ts'
import { readFrames } from '../../../src/stream/body-reader.ts'
import { Exchange } from '../../../src/stream/exchange.ts'
import { PassedReader } from '../../../src/stream/passed-reader.ts'
import { passedResponse } from '../../../src/stream/passed-response.ts'
import { openStream, streamResponse } from '../../../src/stream/sse-response.ts'
import { sharedTicker } from '../../../src/stream/ticker.ts'
import { transformWriter } from '../../../src/stream/transform-writer.ts'
import { ChatContract } from '../../../src/wire/contract/chat.ts'
import { EngineErrors } from '../../../src/wire/errors/engine-errors.ts'
import { encodeText } from '../../../src/wire/sse/sse.ts'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** With a role in the first one alone, so that each is forwarded as it is. */
const chunk = (at: number) => ({
  ...{ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm' },
  choices: [
    {
      ...{ index: 0, finish_reason: null },
      delta: { ...(at === 0 && { role: 'assistant' }), content: 'a' },
    },
  ],
})

const LIMIT = 60_000

/** An exchange, and what its upstream sends: so many packets and then nothing. `prefix`: that of each event or line. */
function quietUpstream(count: number, prefix = 'data: ') {
  const exchange = new Exchange({
    client: new AbortController().signal,
    limits: {
      ...{ answerTimeout: LIMIT, firstTokenTimeout: LIMIT },
      ...{ tokenTimeout: LIMIT, clientTimeout: LIMIT },
    },
    ticker: sharedTicker(1_000),
    onEnd: () => {},
  })
  const packets: WeakRef<ArrayBuffer>[] = []
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      async pull(controller) {
        if (packets.length === count) return new Promise(() => {})
        const packet = encodeText(`${prefix}${JSON.stringify(chunk(packets.length))}\n\n`)
        packets.push(new WeakRef(packet.buffer))
        controller.enqueue(packet)
      },
    },
    { highWaterMark: 0 },
  )
  return { exchange, packets, body: body as never }
}

/** Reads what the upstream has sent, and expects that none of it is in memory any more. */
async function expectReleased(
  response: Response,
  { exchange, packets }: Pick<ReturnType<typeof quietUpstream>, 'exchange' | 'packets'>,
  count: number,
): Promise<void> {
  const reader = response.body?.getReader()
  for (let read = 0; read < count; read++) await reader?.read()
  const reading = reader?.read()
  for (let turn = 0; turn < 3; turn++) {
    await new Promise((resolve) => setTimeout(resolve, 5))
    collect()
  }
  expect(packets.map((packet) => packet.deref() !== undefined)).toEqual(packets.map(() => false))
  exchange.cancel()
  await reading?.catch(() => {})
}

// The frames of later ones are compared with a parsed one.
it.each([2, 3, 4, 12])(
  'a quiet stream holds none of %d packets that its client has read',
  async (count) => {
    const upstream = quietUpstream(count)
    const { exchange, body } = upstream
    const contract = new ChatContract({ label: 'x' })
    const read = readFrames(body, contract, new AbortController(), true)
    const answer = Promise.resolve({ kind: 'frames', contract, ...read } as const)
    const response = await streamResponse(
      exchange,
      openStream(exchange, answer, exchange.signal),
      new ChatEncoder('id', 'm'),
      {
        ...{ headerWait: 1_000, heartbeat: LIMIT, clientTimeout: LIMIT },
        frameWriter: transformWriter,
      },
    )
    await expectReleased(response, upstream, count)
  },
)

it.each(['events', 'lines', 'bytes'] as const)(
  'nor does one that is forwarded as %s, of an API that sluice does not know',
  async (form) => {
    const upstream = quietUpstream(2, form === 'lines' ? '' : undefined)
    const errors = new EngineErrors({ label: 'x' })
    const reader = new PassedReader(form, upstream.body, new AbortController(), errors)
    const answer = {
      ...({ kind: 'passed', status: 200, headers: {}, form, contract: reader.counts } as const),
      next: () => reader.next(),
    }
    const opening = reader.next().then((first) => ({ answer, first }))
    const settings = { heartbeat: LIMIT, clientTimeout: LIMIT }
    const response = await passedResponse(upstream.exchange, opening, settings)
    await expectReleased(response, upstream, 2)
  },
)
