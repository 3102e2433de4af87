import OpenAI, { APIError, BadRequestError, NotFoundError } from 'openai'
import { zodTextFormat } from 'openai/helpers/zod'
import type { ResponseStreamEvent } from 'openai/resources/responses/responses'
import OldOpenAI from 'openai-6.45'
import { expect, it } from 'vitest'
import * as z from 'zod'
import type { Relay } from '../../support/relay.ts'
import type { Scripted } from '../../support/script.ts'
import { pace } from '../../support/talk.ts'
import { additionAgent } from './addition-agent.ts'
import { broken, model, slow } from './responses-scripts.ts'

export function clientOf(relay: Relay): OpenAI {
  return new OpenAI({ apiKey: 'none', baseURL: relay.server.base, maxRetries: 0 })
}

/** A field that only the scripted upstream knows; it passes through sluice as any other. */
export function scripted(script: Scripted): object {
  return { script }
}

export function openaiSdk(relay: Relay): void {
  it.each(['static', model])('gets a whole answer from %s', async (name) => {
    const response = await clientOf(relay).responses.create({ model: name, input: 'Go.' })
    expect(response.status).toBe('completed')
    expect(response.output_text.split(' ').length).toBeGreaterThan(5)
    expect(response.usage?.total_tokens).toBeGreaterThan(5)
  })

  it.each(['static', model])('streams from %s', async (name) => {
    const stream = await clientOf(relay).responses.create({
      model: name,
      input: 'Go.',
      stream: true,
    })
    let said = ''
    let last: ResponseStreamEvent | undefined
    for await (const event of stream) {
      if (event.type === 'response.output_text.delta') said += event.delta
      last = event
    }
    expect(last?.type).toBe('response.completed')
    expect(said.split(' ').length).toBeGreaterThan(5)
  })

  // The older one refuses events that it does not know, and takes a repeated state at its word.
  it.each([
    ['today', OpenAI],
    ['6.45', OldOpenAI as unknown as typeof OpenAI],
  ])('puts a stream together by itself, heartbeats and all: %s', async (_version, Client) => {
    const { baseURL } = clientOf(relay)
    const { responses } = new Client({ apiKey: 'none', baseURL, maxRetries: 0 })
    const runner = responses.stream({ model, input: 'Go.', ...scripted(slow) })
    const response = await runner.finalResponse()
    expect(response.output_text).toBe('toktok')
    expect(response.status).toBe('completed')
  })

  it('puts reasoning and parallel calls together by itself', async () => {
    const runner = clientOf(relay).responses.stream({
      model,
      input: 'Go.',
      ...scripted(additionAgent({ messages: [] })),
    })
    const { output, output_text } = await runner.finalResponse()
    expect(output_text).toBe('One moment.')
    expect(output).toMatchObject([
      { type: 'reasoning', content: [{ type: 'reasoning_text', text: 'Let me see.' }] },
      { type: 'message' },
      { type: 'function_call', name: 'weather', arguments: '{"city":"Paris"}' },
      { type: 'function_call', name: 'weather', arguments: '{"city":"Rome"}' },
    ])
  })

  it('parses what has to be of a form', async () => {
    const Place = z.object({ city: z.string(), degrees: z.number() })
    const asked = {
      model,
      input: 'Where?',
      text: { format: zodTextFormat(Place, 'place') },
      ...scripted({ persona: 'vllm', words: ['{"city":', '"Paris",', '"degrees":', '21}'] }),
    }
    const place = { city: 'Paris', degrees: 21 }
    expect((await clientOf(relay).responses.parse(asked)).output_parsed).toEqual(place)
    const runner = clientOf(relay).responses.stream(asked)
    expect((await runner.finalResponse()).output_parsed).toEqual(place)
    const { body } = await relay.upstream.next(({ body }) =>
      JSON.stringify(body ?? '').includes('json_schema'),
    )
    expect(body).toMatchObject({
      response_format: { json_schema: { name: 'place', strict: true } },
    })
  })

  it('goes on from a response, and forgets one', async () => {
    const client = clientOf(relay)
    const first = await client.responses.create({ model, input: 'One.' })
    const input = { model, input: 'Two.', previous_response_id: first.id }
    const second = await client.responses.create(input)
    expect((await client.responses.retrieve(first.id)).output).toEqual(first.output)
    const items = await client.responses.inputItems.list(second.id, { order: 'asc' })
    expect(items.data.map((item) => item.type)).toEqual(['message', 'message', 'message'])
    await client.responses.delete(first.id)
    await expect(client.responses.retrieve(first.id)).rejects.toBeInstanceOf(NotFoundError)
    await expect(client.responses.create(input)).rejects.toBeInstanceOf(BadRequestError)
    await expect(client.responses.cancel(second.id)).rejects.toBeInstanceOf(BadRequestError)
  })

  it('raises what is refused, by its status and field', async () => {
    const client = clientOf(relay)
    const tool_choice = { type: 'web_search_preview' } as const
    const asked = client.responses.create({ model, input: 'Go.', tool_choice })
    await expect(asked).rejects.toMatchObject({ status: 400, param: 'tool_choice.type' })
    const late = client.responses.create({
      model,
      input: 'Go.',
      stream: true,
      ...scripted({ persona: 'vllm', error: 'context_length' }),
    })
    await expect(late).rejects.toMatchObject({ status: 400 })
  })

  it('raises an error inside a stream, after what came before it', async () => {
    const asked = { model, input: 'Go.', ...scripted(broken) }
    const stream = await clientOf(relay).responses.create({ ...asked, stream: true })
    let said = ''
    const read = async () => {
      for await (const event of stream) {
        if (event.type === 'response.output_text.delta') said += event.delta
      }
    }
    await expect(read()).rejects.toThrow(/CUDA out of memory/)
    expect(said).toBe('Half a thought')
    const helper = clientOf(relay).responses.stream(asked).finalResponse()
    await expect(helper).rejects.toBeInstanceOf(APIError)
  })

  it('leaves a stream by break, and the upstream stops', async () => {
    const script = pace(2_000, 20)
    const stream = await clientOf(relay).responses.create({
      model,
      input: 'Leave.',
      stream: true,
      ...scripted(script),
    })
    const request = await relay.upstream.next(({ body }) =>
      JSON.stringify(body ?? '').includes('Leave.'),
    )
    for await (const event of stream) if (event.type === 'response.output_text.delta') break
    await request.closedWithin(1_500)
  })
}
