import Anthropic, { BadRequestError, InternalServerError, NotFoundError } from '@anthropic-ai/sdk'
import { expect, it } from 'vitest'
import { citySchema } from '../../support/agent.ts'
import { Message } from '../../support/message-stream.ts'
import {
  ask,
  broken,
  endless,
  model,
  rejection,
  staticText,
  upstreamText,
} from '../../support/messages.ts'
import { nextFor, type Relay, tag } from '../../support/relay.ts'

/** A field that only the scripted upstream knows; it passes through sluice as any other. */
const scripted = (script: object) => ({ script }) as object

export function anthropicSdk(relay: Relay): void {
  const client = () => new Anthropic({ apiKey: 'none', baseURL: relay.server.url, maxRetries: 0 })

  it.each([
    ['static', staticText],
    [model, upstreamText],
  ])('gets a whole message from %s', async (name, text) => {
    const { _request_id, ...message } = await client().messages.create({ model: name, ...ask })
    expect(Message.parse(message)).toMatchObject({ model: name, stop_reason: 'end_turn' })
    expect(message.content).toEqual([{ type: 'text', text, citations: null }])
    expect(message.usage.output_tokens).toBeGreaterThan(5)
    expect(_request_id).toMatch(/^[\w-]{8,}$/)
  })

  it.each([
    ['static', staticText],
    [model, upstreamText],
  ])('streams events from %s', async (name, text) => {
    const stream = await client().messages.create({ model: name, ...ask, stream: true })
    let said = ''
    const types = new Set<string>()
    for await (const event of stream) {
      types.add(event.type)
      if (event.type === 'content_block_delta' && event.delta.type === 'text_delta') {
        said += event.delta.text
      }
    }
    expect(said).toBe(text)
    expect([...types]).toEqual([
      'message_start',
      'content_block_start',
      'content_block_delta',
      'content_block_stop',
      'message_delta',
      'message_stop',
    ])
  })

  it('puts a stream together by its helper: thoughts, words, calls and counts', async () => {
    const toolCalls = [
      { name: 'weather', arguments: ['{"city"', ':"Paris"', '}'] },
      { name: 'weather', arguments: ['{"city":', '"Rome"}'] },
    ]
    const script = { persona: 'vllm', reasoning: ['Hm.'], words: ['Well.'], toolCalls }
    const stream = client().messages.stream({ model, ...ask, ...scripted(script) })
    const heard: string[] = []
    stream.on('thinking', (delta) => heard.push(delta)).on('text', (delta) => heard.push(delta))
    const message = await stream.finalMessage()
    expect(heard).toEqual(['Hm.', 'Well.'])
    expect(message.stop_reason).toBe('tool_use')
    expect(message.content).toMatchObject([
      { type: 'thinking', thinking: 'Hm.', signature: '' },
      { type: 'text', text: 'Well.' },
      { type: 'tool_use', name: 'weather', input: { city: 'Paris' } },
      { type: 'tool_use', name: 'weather', input: { city: 'Rome' } },
    ])
    expect(message.usage).toMatchObject({ input_tokens: 9, output_tokens: 7 })
  })

  it('parses structured output', async () => {
    const body = tag({ script: { persona: 'vllm', words: ['{"city":"Paris"}'] } })
    const message = await client().messages.parse({
      model,
      ...ask,
      output_config: { format: { type: 'json_schema', schema: citySchema } },
      ...body,
    })
    expect(
      JSON.parse(message.content.map((each) => ('text' in each ? each.text : '')).join('')),
    ).toEqual({
      city: 'Paris',
    })
    const sent = await nextFor(relay, body)
    expect(sent.body).toMatchObject({
      response_format: { type: 'json_schema', json_schema: { schema: citySchema, strict: true } },
    })
  })

  it('lists the models a page at a time, and finds one', async () => {
    const ids: string[] = []
    for await (const { id, type } of client().models.list({ limit: 1 })) {
      expect(type).toBe('model')
      ids.push(id)
    }
    expect(ids).toEqual([model, 'static'])
    const page = await client().models.list({ before_id: 'static' })
    expect(page).toMatchObject({ first_id: model, last_id: model, has_more: false })
    expect(await client().models.retrieve(model)).toMatchObject({
      id: model,
      display_name: model,
      created_at: new Date(1_790_000_000_000).toISOString(),
      max_input_tokens: 40_960,
    })
    await expect(client().models.retrieve('nobody')).rejects.toBeInstanceOf(NotFoundError)
    const wrong = client().models.list({ limit: 0 })
    await expect(wrong).rejects.toBeInstanceOf(BadRequestError)
  })

  it('raises errors by their classes, with type, message and request id', async () => {
    const bad = await rejection(
      client().messages.create({ ...ask, model: 'static', ...({ temperature: 9 } as object) }),
    )
    expect(bad).toBeInstanceOf(BadRequestError)
    const kind = { status: 400, type: 'invalid_request_error', errorCode: 'invalid_value' }
    expect(bad).toMatchObject(kind)
    expect((bad as BadRequestError).message).toContain('temperature: expected')
    expect((bad as BadRequestError).requestID).toMatch(/^[\w-]{8,}$/)
    const missing = { persona: 'vllm', error: 'model_not_found' }
    const none = await rejection(
      client().messages.create({ model: 'nobody', ...ask, ...scripted(missing) }),
    )
    expect(none).toBeInstanceOf(NotFoundError)
    expect(none).toMatchObject({ type: 'not_found_error' })
    const page = { headers: { 'content-type': 'text/html' }, steps: [{ send: '<html></html>' }] }
    const odd = await rejection(client().messages.create({ model, ...ask, ...scripted(page) }))
    expect(odd).toBeInstanceOf(InternalServerError)
    expect(odd).toMatchObject({ status: 502, type: 'api_error' })
  })

  it('raises an error inside a stream, after what came before it', async () => {
    const stream = client().messages.stream({ model, ...ask, ...scripted(broken) })
    let said = ''
    stream.on('text', (delta) => {
      said += delta
    })
    const error = await rejection(stream.finalMessage())
    expect(said).toBe('Half a thought')
    expect(String(error)).toContain('CUDA out of memory')
    expect(error).toMatchObject({ type: 'api_error' })
  })

  it('hangs up in the middle of a stream, and the upstream stops', async () => {
    const body = tag(scripted(endless))
    const stream = await client().messages.create({ model, ...ask, ...body, stream: true })
    const request = await nextFor(relay, body)
    let count = 0
    for await (const _ of stream) if (++count === 5) break
    await request.closedWithin(1_500)
    const entry = await relay.server.nextLog(({ outcome }) => outcome === 'cancelled')
    expect(entry).toMatchObject({ path: '/v1/messages', engine: 'gpu' })
  })
}
