import { expect, it } from 'vitest'
import { ChatEncoder } from '../../../src/dialects/chat/encoder.ts'
import { readFrames } from '../../../src/stream/body-reader.ts'
import { type ChatStream, enforceChatContract } from '../../../src/stream/chat-stream.ts'
import { Exchange } from '../../../src/stream/exchange.ts'
import type { Outcome } from '../../../src/stream/outcome.ts'
import { openStream, streamResponse } from '../../../src/stream/sse-response.ts'
import { sharedTicker } from '../../../src/stream/ticker.ts'
import { transformWriter } from '../../../src/stream/transform-writer.ts'
import type { ChatChunk } from '../../../src/wire/chat/request.ts'
import { ChatContract } from '../../../src/wire/contract/chat.ts'
import { ApiError } from '../../../src/wire/errors/api-error.ts'
import { encodeText } from '../../../src/wire/sse/sse.ts'

const limits = {
  answerTimeout: 60_000,
  firstTokenTimeout: 60_000,
  tokenTimeout: 60_000,
  clientTimeout: 200,
}

function chunk(content: string, finish_reason: 'stop' | null = null): ChatChunk {
  const delta = { role: 'assistant', content }
  const choices = [{ index: 0, delta, finish_reason }]
  return { id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices }
}

/** One exchange over an engine that says these chunks, and how it ended. */
async function respond(
  ask: () => Promise<ChatStream>,
  encoder = new ChatEncoder('id', 'm'),
  heartbeat = 60_000,
) {
  const outcomes: Outcome[] = []
  const exchange = new Exchange({
    client: new AbortController().signal,
    limits,
    ticker: sharedTicker(10),
    onEnd: ({ outcome }) => outcome && outcomes.push(outcome),
  })
  const settings = {
    headerWait: 1_000,
    heartbeat,
    clientTimeout: limits.clientTimeout,
    frameWriter: transformWriter,
  }
  const opening = openStream(exchange, ask(), exchange.signal)
  const response = await streamResponse(exchange, opening, encoder, settings)
  return { exchange, outcomes, response }
}

async function* batches(...chunks: ChatChunk[]) {
  for (const each of chunks) yield [each]
}

function saying(...chunks: ChatChunk[]) {
  return async () => enforceChatContract(batches(...chunks), { label: 'x' })
}

it('adds no error to a stream whose [DONE] is on the way', async () => {
  const { exchange, outcomes, response } = await respond(saying(chunk('a'), chunk('', 'stop')))
  const reader = response.body?.getReader()
  const first = await reader?.read()
  expect(new TextDecoder().decode(first?.value)).toContain('"content":"a"')
  const last = await reader?.read()
  expect(new TextDecoder().decode(last?.value)).toContain('"finish_reason":"stop"')
  await new Promise((resolve) => setTimeout(resolve, 20))
  exchange.fail(new ApiError(503, 'sluice is shutting down', { code: 'shutting_down' }))
  let rest = ''
  for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) {
    rest += new TextDecoder().decode(part.value)
  }
  expect(rest.endsWith('data: [DONE]\n\n')).toBe(true)
  expect(rest).not.toContain('error')
  expect(outcomes).toEqual([{ kind: 'finished' }])
})

it('holds no connection for a client that never reads the end', async () => {
  const { exchange, response } = await respond(saying(chunk('a'), chunk('', 'stop')))
  const started = performance.now()
  await exchange.delivered
  expect(performance.now() - started).toBeLessThan(2_000)
  await expect(response.text()).rejects.toBeDefined()
})

it('finishes a stream that has said all but never ends, and lets it go', async () => {
  const control = new AbortController()
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start(stream) {
      stream.enqueue(encodeText(`data: ${JSON.stringify(chunk('a', 'stop'))}\n\n`))
    },
  })
  const contract = new ChatContract({ label: 'x' })
  const read = readFrames(body, contract, control, true)
  const { outcomes, response } = await respond(async () => ({ kind: 'frames', contract, ...read }))
  expect((await response.text()).endsWith('data: [DONE]\n\n')).toBe(true)
  expect(outcomes).toEqual([{ kind: 'finished' }])
  expect([...contract.repaired]).toEqual(['done'])
  expect(control.signal.aborted).toBe(true)
}, 15_000)

it('breaks a stream off whose end its dialect can’t tell', async () => {
  class Mute extends ChatEncoder {
    override error(): string {
      throw new Error('no words')
    }
  }
  const gate = Promise.withResolvers<never>()
  async function* failing() {
    yield [chunk('a')]
    await gate.promise
  }
  const ask = async () => enforceChatContract(failing(), { label: 'x' })
  const { exchange, outcomes, response } = await respond(ask, new Mute('id', 'm'))
  const reading = response.text()
  gate.reject(new ApiError(502, 'it broke', { code: 'upstream_error' }))
  await expect(reading).rejects.toThrow('no words')
  await exchange.delivered
  expect(outcomes).toMatchObject([{ kind: 'failed', error: { code: 'upstream_error' } }])
})

it('sends heartbeats to a client that waits, and none behind what is unread', async () => {
  const gate = Promise.withResolvers<void>()
  async function* slow() {
    yield [chunk('a')]
    await gate.promise
    yield [chunk('', 'stop')]
  }
  const ask = async () => enforceChatContract(slow(), { label: 'x' })
  const { exchange, response } = await respond(ask, undefined, 20)
  const reader = response.body?.getReader()
  const read = async () => new TextDecoder().decode((await reader?.read())?.value)
  await new Promise((resolve) => setTimeout(resolve, 100))
  expect(exchange.timeline.heartbeats).toBe(0)
  expect(await read()).toContain('"content":"a"')
  for (let i = 0; i < 4; i++) expect(await read()).toMatch(/"delta":{}/)
  const unread = exchange.timeline.heartbeats
  expect(unread).toBeGreaterThanOrEqual(4)
  await new Promise((resolve) => setTimeout(resolve, 150))
  expect(exchange.timeline.heartbeats).toBeLessThanOrEqual(unread + 1)
  gate.resolve()
  let rest = ''
  for (let text = await read(); text !== ''; text = await read()) rest += text
  expect(rest).toContain('"finish_reason":"stop"')
  expect(rest.endsWith('data: [DONE]\n\n')).toBe(true)
})
