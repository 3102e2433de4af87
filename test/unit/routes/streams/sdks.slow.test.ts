// What unmodified SDKs do by themselves with an answer whose connection was lost.
import Anthropic from '@anthropic-ai/sdk'
import { Stream as AnthropicStream } from '@anthropic-ai/sdk/core/streaming'
import type { RawMessageStreamEvent } from '@anthropic-ai/sdk/resources/messages'
import OpenAI from 'openai'
import { Stream } from 'openai/core/streaming'
import type { ChatCompletionChunk } from 'openai/resources/chat/completions'
import type { ResponseStreamEvent } from 'openai/resources/responses/responses'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Server, serve } from '../../../../src/hosts/node.ts'
import { type CuttingProxy, startCuttingProxy } from '../../../support/cutting-proxy.ts'

const text = Array.from({ length: 40 }, (_, at) => `wörd-${at}`).join(' ')
let server: Server
let proxy: CuttingProxy

beforeAll(async () => {
  server = await serve({ port: 0, discover: false, staticDelay: 10, staticText: text })
  proxy = await startCuttingProxy(Number(new URL(server.url).port))
})

afterAll(async () => {
  await proxy?.[Symbol.asyncDispose]()
  await server?.stop(0)
})

/** Reads events until the connection is lost, which is when there are `count` of them. */
async function readAndLose<E>(events: AsyncIterable<E>, count: number): Promise<E[]> {
  const got: E[] = []
  const read = async () => {
    for await (const event of events) {
      got.push(event)
      if (got.length === count) proxy.cut()
    }
  }
  await expect(read()).rejects.toThrow()
  return got
}

describe('openai-node', () => {
  const client = () => new OpenAI({ apiKey: 'none', baseURL: proxy.base, maxRetries: 0 })
  const asked = { model: 'static', input: 'Go.', background: true as const }
  let before: ResponseStreamEvent[]
  let id: string
  let starting_after: number

  beforeEach(async () => {
    before = await readAndLose(await client().responses.create({ ...asked, stream: true }), 12)
    const [first] = before
    if (first?.type !== 'response.created') throw new Error(`Not the first event: ${first?.type}`)
    id = first.response.id
    starting_after = before.at(-1)?.sequence_number ?? 0
  })

  it('retrieves the rest of a response by starting_after', async () => {
    const after: ResponseStreamEvent[] = []
    const rest = await client().responses.retrieve(id, { stream: true, starting_after })
    for await (const event of rest) after.push(event)
    const all = [...before, ...after]
    expect(all.map((event) => event.sequence_number)).toEqual(all.map((_, number) => number))
    const said = all.map((event) =>
      event.type === 'response.output_text.delta' ? event.delta : '',
    )
    expect(said.join('')).toBe(text)
    expect(all.at(-1)?.type).toBe('response.completed')
  })

  it('puts the whole response together by its helper', async () => {
    const runner = client().responses.stream({ response_id: id, starting_after })
    const numbers: number[] = []
    for await (const event of runner) numbers.push(event.sequence_number)
    expect(numbers[0]).toBe(starting_after + 1)
    expect((await runner.finalResponse()).output_text).toBe(text)
  })
})

/** Where the events of an answer are. */
function addressIn({ headers }: Response): string {
  return new URL(headers.get('x-sluice-resume') ?? 'none', proxy.url).href
}

describe('what reads a stored stream from its beginning', () => {
  const defaultHeaders = { 'x-sluice-resume': '1' }
  const messages = [{ role: 'user' as const, content: 'Go.' }]

  it('is the Stream of openai-node', async () => {
    const client = new OpenAI({
      apiKey: 'none',
      baseURL: proxy.base,
      maxRetries: 0,
      defaultHeaders,
    })
    const { data, response } = await client.chat.completions
      .create({ model: 'static', messages, stream: true })
      .withResponse()
    await readAndLose(data, 5)
    const again = await fetch(addressIn(response))
    let said = ''
    const stream = Stream.fromSSEResponse<ChatCompletionChunk>(again, new AbortController())
    for await (const { choices } of stream) said += choices[0]?.delta.content ?? ''
    expect(said).toBe(text)
  })

  it('is the Stream of the Anthropic SDK', async () => {
    const client = new Anthropic({ apiKey: 'x', baseURL: proxy.url, maxRetries: 0, defaultHeaders })
    const { data, response } = await client.messages
      .create({ model: 'static', max_tokens: 100, messages, stream: true })
      .withResponse()
    await readAndLose(data, 5)
    const again = await fetch(addressIn(response))
    const control = new AbortController()
    const stream = AnthropicStream.fromSSEResponse<RawMessageStreamEvent>(again, control)
    let said = ''
    for await (const event of stream) {
      if (event.type === 'content_block_delta' && event.delta.type === 'text_delta')
        said += event.delta.text
    }
    expect(said).toBe(text)
  })
})
