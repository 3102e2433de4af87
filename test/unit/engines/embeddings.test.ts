import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import OpenAI from 'openai'
import { describe, expect, it } from 'vitest'
import type { Engine } from '../../../src/engines/engine.ts'
import type { Port } from '../../../src/engines/remote/protocol.ts'
import { createRemote } from '../../../src/engines/remote/remote.ts'
import { serveEngine } from '../../../src/engines/remote/serve-engine.ts'
import { Webllm } from '../../../src/engines/webllm/webllm.ts'
import { createHostedHandler } from '../../../src/handler.ts'
import type { LogEntry } from '../../../src/platform/log.ts'
import { createStandIn, embedder, record } from '../../support/mlc.ts'

function local(): Webllm {
  return new Webllm(createStandIn().mlc, { records: [record, embedder] })
}

/** The same behind a port. */
function remote(): Engine {
  const { port1, port2 } = new MessageChannel()
  // An open port would keep the tests from ending.
  port1.unref()
  port2.unref()
  serveEngine(port2 as unknown as Port, local())
  return createRemote({ label: 'webllm', connect: async () => port1 as unknown as Port })
}

function clientOf(engine: Engine, log?: (entry: LogEntry) => void): OpenAI {
  const host = { engines: [engine], ...(log && { log }) }
  const handler = createHostedHandler({ discover: false, insecure: true }, host)
  return new OpenAI({
    baseURL: 'http://sluice/v1',
    apiKey: 'none',
    maxRetries: 0,
    fetch: (url, init) => handler.fetch(new Request(url, init)),
  })
}

describe.each([
  ['web-llm', local],
  ['web-llm behind a port', remote],
])('embeddings of %s', (_, create) => {
  const model = embedder.model_id

  it('reach the SDK, which asks for base64 unasked', async () => {
    const { data, usage } = await clientOf(create()).embeddings.create({ model, input: ['a', 'b'] })
    expect(data.map(({ embedding }) => embedding)).toEqual([
      [3, 4, 12],
      [3, 4, 12],
    ])
    expect(data.map(({ index }) => index)).toEqual([0, 1])
    expect(usage.prompt_tokens).toBe(2)
  })

  it('are as counted in the log', async () => {
    const log: LogEntry[] = []
    const client = clientOf(create(), (entry) => log.push(entry))
    await client.embeddings.create({ model, input: ['a', 'b', 'c'] })
    expect(log).toMatchObject([{ promptTokens: 3, outcome: 'ok' }])
  })

  it('are numbers where these are asked for, and take tokens too', async () => {
    const client = clientOf(create())
    for (const input of ['text', [1, 2, 3], [[1], [2]]]) {
      const { data } = await client.embeddings.create({ model, input, encoding_format: 'float' })
      expect(data[0]?.embedding).toEqual([3, 4, 12])
    }
  })

  it('are shorter only for a model that declares it can, and keep length 1', async () => {
    const client = clientOf(create())
    const { data } = await client.embeddings.create({ model, input: 'a', dimensions: 2 })
    expect(data[0]?.embedding.map((value) => Math.round(value * 1e6) / 1e6)).toEqual([0.6, 0.8])
    await expect(
      client.embeddings.create({ model, input: 'a', dimensions: 3 }),
    ).rejects.toMatchObject({ status: 400, param: 'dimensions' })
  })

  it('are refused by name where they cannot be', async () => {
    const client = clientOf(create())
    await expect(
      client.embeddings.create({ model: record.model_id, input: 'a' }),
    ).rejects.toMatchObject({ status: 400, param: 'model' })
    await expect(client.embeddings.create({ model, input: [] })).rejects.toMatchObject({
      status: 400,
      param: expect.stringContaining('input'),
    })
    await expect(client.embeddings.create({ model: 'static', input: 'a' })).rejects.toMatchObject({
      status: 400,
      code: 'model_not_capable',
    })
    await expect(client.embeddings.create({ model: 'embd-MLC', input: 'a' })).rejects.toMatchObject(
      { status: 404, message: expect.stringContaining('embed-MLC') },
    )
  })
})

it('forwards what an upstream answers, byte for byte', async () => {
  const json = '{"object":"list","data":[{"index":0,"embedding":[1.0]}],"own": true}'
  const asked: unknown[] = []
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const part of request) body += part
    const isModels = request.url === '/v1/models'
    if (!isModels) asked.push([request.url, JSON.parse(body)])
    response.setHeader('content-type', 'application/json')
    response.end(isModels ? '{"data":[{"id":"e"}]}' : json)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  try {
    const { port } = server.address() as AddressInfo
    const handler = createHostedHandler({
      upstream: [`http://127.0.0.1:${port}/v1`],
      insecure: true,
    })
    const body = { model: 'e', input: 'a', own: 1 }
    const response = await handler.fetch(
      new Request('http://sluice/v1/embeddings', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
    )
    expect(await response.text()).toBe(json)
    expect(asked).toEqual([['/v1/embeddings', body]])
  } finally {
    server.closeAllConnections()
    server.close()
  }
})
