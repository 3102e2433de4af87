// Unmodified SDKs with the `fetch` of examples/resume, whose connections are lost again and again.
import Anthropic from '@anthropic-ai/sdk'
import { Ollama } from 'ollama'
import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { resumingFetch } from '../../../examples/resume/resuming-fetch.ts'
import type { Server } from '../../../src/hosts/node.ts'
import { serve } from '../../../src/hosts/node.ts'
import { type CuttingProxy, startCuttingProxy } from '../../support/cutting-proxy.ts'
import { pace } from '../../support/talk.ts'
import { startUpstream, type Upstream } from '../../support/upstream.ts'

const text = Array.from({ length: 40 }, (_, at) => `wörd-${at}`).join(' ')
let upstream: Upstream
let server: Server
let proxy: CuttingProxy

beforeAll(async () => {
  upstream = await startUpstream({ persona: 'vllm', script: pace(500, 20) })
  const own = { port: 0, discover: false, staticDelay: 5, staticText: text }
  server = await serve({ ...own, upstream: [{ label: 'gpu', url: upstream.url }] })
  proxy = await startCuttingProxy(Number(new URL(server.url).port))
})

afterAll(async () => {
  await proxy?.[Symbol.asyncDispose]()
  await server?.stop(0)
  await upstream?.close()
})

const messages = [{ role: 'user' as const, content: 'Go.' }]
const openai = () =>
  new OpenAI({ apiKey: 'none', baseURL: proxy.base, maxRetries: 0, fetch: resumingFetch })
const anthropic = () =>
  new Anthropic({ apiKey: 'none', baseURL: proxy.url, maxRetries: 0, fetch: resumingFetch })

/** The text of a stream, in each API, read by an SDK. */
const READERS: Record<string, () => Promise<string>> = {
  async chat() {
    const asked = { model: 'static', messages, stream: true as const }
    let said = ''
    for await (const { choices } of await openai().chat.completions.create(asked)) {
      said += choices[0]?.delta.content ?? ''
    }
    return said
  },
  async completions() {
    const asked = { model: 'static', prompt: 'Go.', stream: true as const }
    let said = ''
    for await (const { choices } of await openai().completions.create(asked)) {
      said += choices[0]?.text ?? ''
    }
    return said
  },
  async responses() {
    return (await openai().responses.stream({ model: 'static', input: 'Go.' }).finalResponse())
      .output_text
  },
  messages() {
    return anthropic().messages.stream({ model: 'static', messages, max_tokens: 100 }).finalText()
  },
  async ollama() {
    const client = new Ollama({ host: proxy.url, fetch: resumingFetch as typeof fetch })
    let said = ''
    for await (const part of await client.chat({ model: 'static', messages, stream: true })) {
      said += part.message.content
    }
    return said
  },
}

describe('a stream whose connection is lost every few events', () => {
  it.concurrent.each(Object.keys(READERS))('is whole to an SDK: %s', async (api) => {
    proxy.lengthOf = () => 1_500 + Math.random() * 2_000
    const cuts = proxy.cuts
    expect(await READERS[api]?.()).toBe(text)
    expect(proxy.cuts).toBeGreaterThan(cuts + 1)
  })
})

it('stops the model when the program leaves the stream', async () => {
  proxy.lengthOf = () => Number.POSITIVE_INFINITY
  const asked = { model: 'Qwen/Qwen3-8B', messages, stream: true as const }
  for await (const _ of await openai().chat.completions.create(asked)) break
  await (await upstream.next()).closedWithin(2_000)
})

it('says why where the answer is gone', async () => {
  proxy.lengthOf = () => Number.POSITIVE_INFINITY
  const other = await serve({ port: 0, discover: false })
  const asked = { model: 'static', messages, stream: true as const }
  const stream = await openai().chat.completions.create(asked)
  const read = async () => {
    for await (const _ of stream) {
      proxy.target = Number(new URL(other.url).port)
      proxy.cut()
    }
  }
  await expect(read()).rejects.toThrow('stream_not_found')
  await other.stop(0)
})
