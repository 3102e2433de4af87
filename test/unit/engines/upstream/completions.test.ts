import OpenAI from 'openai'
import { afterEach, describe, expect, it } from 'vitest'
import type { Engine } from '../../../../src/engines/engine.ts'
import type { Port } from '../../../../src/engines/remote/protocol.ts'
import { createRemote } from '../../../../src/engines/remote/remote.ts'
import { serveEngine } from '../../../../src/engines/remote/serve-engine.ts'
import { Webllm } from '../../../../src/engines/webllm/webllm.ts'
import { createHostedHandler } from '../../../../src/handler.ts'
import type { TextRequest } from '../../../../src/wire/completions/request.ts'
import { readText } from '../../../support/completions.ts'
import { createStandIn, embedder, mlcError, record, type StandIn } from '../../../support/mlc.ts'

const text = 'Water finds its way.'
const model = record.model_id
const ports: { close(): void }[] = []

afterEach(() => {
  for (const port of ports.splice(0)) port.close()
})

function local({ mlc }: StandIn): Engine {
  return new Webllm(mlc, { records: [record, embedder] })
}

/** The same behind a port. */
function remote(standIn: StandIn): Engine {
  const { port1, port2 } = new MessageChannel()
  ports.push(port1, port2)
  serveEngine(port2 as unknown as Port, new Webllm(standIn.mlc, { records: [record, embedder] }))
  return createRemote({ label: 'webllm', connect: async () => port1 as unknown as Port })
}

/** The engine behind a handler: asked as a client asks. */
function serve(
  create: (standIn: StandIn) => Engine,
  script: Parameters<typeof createStandIn>[0] = {},
) {
  const standIn = createStandIn(script)
  const engine = create(standIn)
  const handler = createHostedHandler({ discover: false, insecure: true }, { engines: [engine] })
  const fetch = (url: string | URL | Request, init?: RequestInit) =>
    handler.fetch(new Request(url, init))
  const client = new OpenAI({ baseURL: 'http://sluice/v1', apiKey: 'none', maxRetries: 0, fetch })
  const stream = async (body: Partial<TextRequest>, signal?: AbortSignal) => {
    const init = {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model, prompt: 'Go.', stream: true, ...body }),
      ...(signal && { signal }),
    }
    return handler.fetch(new Request('http://sluice/v1/completions', init))
  }
  return { ...standIn, engine, client, stream }
}

describe.each([
  ['web-llm', local],
  ['web-llm behind a port', remote],
])('text completions of %s', (_, create) => {
  it('come whole, with what was counted', async () => {
    const { client, seen } = serve(create)
    const answer = await client.completions.create({ model, prompt: 'Go.' })
    expect(answer).toMatchObject({ object: 'text_completion', model })
    expect(answer.id).toMatch(/^cmpl-/)
    expect(answer.choices).toEqual([{ index: 0, text, logprobs: null, finish_reason: 'stop' }])
    expect(answer.usage?.completion_tokens).toBe(5)
    // No chat template: the prompt reaches the model as it is.
    expect(seen.prompts).toMatchObject([{ input: 'Go.', messages: 0, system: undefined }])
  })

  it('stream, each token as it is made', async () => {
    const { stream } = serve(create)
    const usage = { stream_options: { include_usage: true } }
    const read = await readText(await stream(usage), usage)
    expect(read).toMatchObject({ problems: [], outcome: 'finished', texts: [text] })
    expect(read.chunks.length).toBeGreaterThan(5)
    expect(read.usage).toMatchObject({ completion_tokens: 5 })
    const plain = await readText(await stream({}))
    expect(plain).toMatchObject({ problems: [], texts: [text], usage: undefined })
  })

  it('answer several prompts one after the other, and echo them', async () => {
    const { client, stream, seen } = serve(create)
    const asked = { prompt: ['One', 'Two', 'Three'], echo: true, max_tokens: 2 }
    const expected = ['OneWater finds', 'TwoWater finds', 'ThreeWater finds']
    const usage = { stream_options: { include_usage: true } }
    const read = await readText(await stream({ ...asked, ...usage }), { ...asked, ...usage })
    expect(read).toMatchObject({ problems: [], texts: expected })
    expect(read.finish).toEqual({ 0: 'length', 1: 'length', 2: 'length' })
    expect(read.usage).toMatchObject({ completion_tokens: 6 })
    const { choices } = await client.completions.create({ model, ...asked })
    expect(choices.map((choice) => choice.text)).toEqual(expected)
    expect(seen.prompts).toHaveLength(6)
  })

  it('pass on what means the same there', async () => {
    const { client } = serve(create)
    const fields = { max_tokens: 3, stop: ['x'], temperature: 0, top_p: 1, seed: 7, user: 'u' }
    const nulls = { suffix: null, best_of: null, logprobs: null, logit_bias: null, n: 1 }
    const answer = await client.completions.create({ model, prompt: 'Go.', ...fields, ...nulls })
    expect(answer.choices[0]).toMatchObject({ text: 'Water finds its', finish_reason: 'length' })
  })

  it.each([
    ['suffix', { suffix: 'x' }],
    ['n', { n: 2 }],
    ['best_of', { best_of: 2 }],
    ['logprobs', { logprobs: 0 }],
    ['prompt', { prompt: [1, 2] }],
    ['prompt[0]', { prompt: [[1], [2]] }],
    ['prompt', { prompt: '' }],
    ['prompt[1]', { prompt: ['a', ''] }],
    ['prompt', { prompt: null }],
  ])('are refused before anything is loaded: %s', async (param, body) => {
    const { client, seen } = serve(create)
    const asked = client.completions.create({ model, prompt: 'Go.', ...body })
    await expect(asked).rejects.toMatchObject({ status: 400, param })
    expect(seen.loads).toEqual([])
  })

  it('are refused by a model that gives embeddings', async () => {
    const { client } = serve(create)
    const asked = client.completions.create({ model: embedder.model_id, prompt: 'Go.' })
    await expect(asked).rejects.toMatchObject({ status: 400, code: 'model_not_capable' })
  })

  it('say that a prompt is too long by its field', async () => {
    const { client } = serve(create)
    const asked = client.completions.create({ model, prompt: 'x'.repeat(2_000), stream: true })
    await expect(asked).rejects.toMatchObject({
      status: 400,
      code: 'context_length_exceeded',
      param: 'prompt',
    })
  })

  it('stop at once where the client leaves, in the middle of several prompts', async () => {
    const { stream, seen, client } = serve(create, { tokenDelay: 10, isEndless: true })
    const control = new AbortController()
    const response = await stream({ prompt: ['a', 'b'] }, control.signal)
    await readText(
      response,
      { prompt: ['a', 'b'] },
      {
        onEvent: (_, count) => {
          if (count === 3) control.abort()
          return undefined
        },
      },
    )
    // The next one is answered: nothing holds the GPU.
    const next = await client.completions.create({ model, prompt: 'b', max_tokens: 1 })
    expect(next.choices[0]?.finish_reason).toBe('length')
    expect(seen.stops).toBe(1)
    expect(seen.prompts).toHaveLength(2)
  })

  it('fail in the middle where the GPU does, and load the model anew', async () => {
    const error = mlcError('Error', 'device')
    const { stream, seen } = serve(create, { failToken: { at: 2, error } })
    const read = await readText(await stream({}))
    expect(read).toMatchObject({ problems: [], outcome: 'failed', texts: ['Water finds'] })
    expect(read.error?.code).toBe('engine_failed')
    expect((await readText(await stream({}))).texts).toEqual([text])
    expect(seen.loads).toHaveLength(2)
  })
})

describe('an engine that only chats', () => {
  const chatOnly: Engine = {
    label: 'talker',
    isServer: true,
    models: async () => [{ id: 'm', object: 'model', created: 0, owned_by: 'x' }],
    chat: () => Promise.reject(new Error('it was asked')),
  }
  const body = JSON.stringify({ model: 'm', prompt: 'Go.' })
  const headers = { 'content-type': 'application/json' }
  const post = (handler: { fetch(request: Request): Promise<Response> }) =>
    handler.fetch(new Request('http://sluice/v1/completions', { method: 'POST', headers, body }))

  it('refuses, and says what to do', async () => {
    const handler = createHostedHandler(
      { discover: false, insecure: true },
      { engines: [chatOnly] },
    )
    const response = await post(handler)
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({
      error: {
        message:
          'model: m cannot complete a text; send it a chat instead, with POST /v1/chat/completions.',
        code: 'model_not_capable',
        param: 'model',
      },
    })
  })

  it('is passed over where another can', async () => {
    const choices = [{ index: 0, text: 'ok', logprobs: null, finish_reason: 'stop' }]
    const handler = createHostedHandler(
      { discover: false, insecure: true, upstream: ['http://gpu.test/v1'] },
      {
        engines: [chatOnly],
        fetch: async (url) =>
          Response.json(url.endsWith('/models') ? { data: [{ id: 'm' }] } : { id: 'c', choices }),
      },
    )
    expect(await (await post(handler)).json()).toMatchObject({ choices })
  })
})
