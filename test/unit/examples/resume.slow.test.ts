// Unmodified SDKs with the `fetch` of examples/resume, whose connections are lost again and again.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Server } from '../../../src/hosts/node.ts'
import { serve } from '../../../src/hosts/node.ts'
import { type CuttingProxy, startCuttingProxy } from '../../support/cutting-proxy.ts'
import { openaiAt, READERS } from '../../support/resuming-sdks.ts'
import { pace } from '../../support/talk.ts'
import { startUpstream, type Upstream } from '../../support/upstream.ts'

const text = Array.from({ length: 40 }, (_, at) => `wörd-${at}`).join(' ')
let upstream: Upstream
let server: Server
let proxy: CuttingProxy

beforeAll(async () => {
  upstream = await startUpstream({ persona: 'vllm' })
  const own = { port: 0, discover: false, staticDelay: 5, staticText: text, heartbeat: 100 }
  server = await serve({ ...own, upstream: [{ label: 'gpu', url: upstream.url }] })
  proxy = await startCuttingProxy(Number(new URL(server.url).port))
})

afterAll(async () => {
  await proxy?.[Symbol.asyncDispose]()
  await server?.stop(0)
  await upstream?.close()
})

const messages = [{ role: 'user' as const, content: 'Go.' }]

describe('a stream whose connection is lost every few events', () => {
  it.concurrent.each(Object.keys(READERS))('is whole to an SDK: %s', async (api) => {
    proxy.lengthOf = () => 1_500 + Math.random() * 2_000
    const cuts = proxy.cuts
    expect(await READERS[api]?.(proxy.url, 'static')).toBe(text)
    expect(proxy.cuts).toBeGreaterThan(cuts + 1)
  })
})

it('counts no heartbeat as an event', async () => {
  // A kept connection has sent as much already, and would be cut before it answers.
  proxy.cut()
  await new Promise((resolve) => setTimeout(resolve, 50))
  proxy.lengthOf = () => 1_800
  const words = Array.from({ length: 12 }, (_, at) => `wörd-${at}`)
  upstream.script = { persona: 'vllm', words, delay: 220 }
  const apis = ['chat', 'responses', 'messages', 'ollama']
  const said = await Promise.all(apis.map((api) => READERS[api]?.(proxy.url, 'Qwen/Qwen3-8B')))
  expect(said).toEqual(said.map(() => words.join(' ')))
})

it('stops the model when the program leaves the stream', async () => {
  proxy.lengthOf = () => Number.POSITIVE_INFINITY
  upstream.script = pace(500, 20)
  const asked = { model: 'Qwen/Qwen3-8B', messages, stream: true as const }
  const before = upstream.requests.length
  for await (const _ of await openaiAt(proxy.url).chat.completions.create(asked)) break
  expect(await upstream.requests[before]?.closedWithin(2_000)).toBeGreaterThan(0)
})

it('says why where the answer is gone', async () => {
  proxy.lengthOf = () => Number.POSITIVE_INFINITY
  const other = await serve({ port: 0, discover: false })
  const asked = { model: 'static', messages, stream: true as const }
  const stream = await openaiAt(proxy.url).chat.completions.create(asked)
  const read = async () => {
    for await (const _ of stream) {
      proxy.target = Number(new URL(other.url).port)
      proxy.cut()
    }
  }
  await expect(read()).rejects.toThrow('stream_not_found')
  await other.stop(0)
})
