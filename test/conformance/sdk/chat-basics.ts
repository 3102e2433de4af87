import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { APICallError, generateText, streamText } from 'ai'
import OpenAI, { APIError, BadRequestError, InternalServerError, NotFoundError } from 'openai'
import { describe, expect, it } from 'vitest'
import type { Script } from '../../support/script.ts'
import type { HostName, Server } from '../../support/server.ts'
import type { RecordedRequest, Upstream } from '../../support/upstream.ts'
import { useStage } from './requests.ts'

export const model = 'Qwen/Qwen3-8B'

export const messages = [{ role: 'user' as const, content: 'Go.' }]

const staticText = 'Water finds its way word by word, and every stream reaches its end.'

const upstreamText = 'The quick brown fox jumps over the lazy dog.'

/** Two tokens, then an error in the middle of the stream. */
const broken: Script = {
  steps: [
    { chunk: chunkOf({ role: 'assistant', content: 'Half ' }) },
    { chunk: chunkOf({ content: 'a thought' }) },
    { chunk: { error: { message: 'CUDA out of memory', type: 'server_error', code: 500 } } },
  ],
}

/** A token every 50 ms for far longer than a test takes. */
const endless: Script = {
  steps: [
    { chunk: chunkOf({ role: 'assistant', content: 'On' }) },
    { repeat: 1_000, steps: [{ wait: 50 }, { chunk: chunkOf({ content: ' and on' }) }] },
  ],
}

/** A chat that plays `endless`, not yet looked at. */
const isEndless = ({ body }: RecordedRequest) => JSON.stringify(body ?? '').includes(' and on')

function chunkOf(delta: object): object {
  const choices = [{ index: 0, delta, finish_reason: null }]
  return { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model, choices }
}

/** Clients that people use, as they are. */
export function clients(host: HostName): void {
  const relay = useStage(host, 'clients')
  const { server } = relay

  describe('the openai SDK', () => openaiSdk(server, () => relay.upstream))
  describe('the ai SDK', () => aiSdk(server, () => relay.upstream))
}

function openaiSdk(server: Server, upstream: () => Upstream): void {
  const client = () => new OpenAI({ apiKey: 'none', baseURL: server.base, maxRetries: 0 })
  /** A field that only the scripted upstream knows; it passes through sluice as any other. */
  const scripted = (script: object) => ({ script }) as object

  it.each([
    ['static', staticText],
    [model, upstreamText],
  ])('streams from %s', async (name, text) => {
    const stream = await client().chat.completions.create({
      model: name,
      messages,
      stream: true,
      stream_options: { include_usage: true },
    })
    let said = ''
    let role: string | undefined
    const finishes: string[] = []
    let tokens: number | undefined
    for await (const chunk of stream) {
      said += chunk.choices[0]?.delta.content ?? ''
      role ??= chunk.choices[0]?.delta.role
      if (chunk.choices[0]?.finish_reason) finishes.push(chunk.choices[0].finish_reason)
      tokens = chunk.usage?.completion_tokens ?? tokens
    }
    expect(said).toBe(text)
    expect(role).toBe('assistant')
    expect(finishes).toEqual(['stop'])
    expect(tokens).toBeGreaterThan(5)
  })

  it.each([
    ['static', staticText],
    [model, upstreamText],
  ])('gets a whole answer from %s', async (name, text) => {
    const completion = await client().chat.completions.create({ model: name, messages })
    expect(completion.choices[0]?.message).toMatchObject({ role: 'assistant', content: text })
    expect(completion.choices[0]?.finish_reason).toBe('stop')
    expect(completion.usage?.total_tokens).toBeGreaterThan(5)
    expect(completion._request_id).toMatch(/^[\w-]{8,}$/)
  })

  it('lists the models, and finds one whose id has a slash', async () => {
    const list = await client().models.list()
    expect(list.data.map(({ id }) => id)).toEqual([model, 'static'])
    expect((await client().models.retrieve(model)).id).toBe(model)
  })

  it('aborts in the middle of a stream, and the upstream stops', async () => {
    const stream = await client().chat.completions.create({
      model,
      messages,
      stream: true,
      ...scripted(endless),
    })
    const request = await upstream().next(isEndless)
    let count = 0
    for await (const _ of stream) if (++count === 5) stream.controller.abort()
    expect(count).toBe(5)
    await request.closedWithin(1_500)
  })

  it('leaves a stream by break, and the upstream stops', async () => {
    const stream = await client().chat.completions.create({
      model,
      messages,
      stream: true,
      ...scripted(endless),
    })
    const request = await upstream().next(isEndless)
    for await (const _ of stream) break
    await request.closedWithin(1_500)
  })

  it('raises BadRequestError with the field', async () => {
    const asked = client().chat.completions.create({ model: 'static', messages, temperature: 9 })
    const error = await asked.catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(BadRequestError)
    expect(error).toMatchObject({ status: 400, param: 'temperature', code: 'invalid_value' })
    expect((error as BadRequestError).message).toContain('from 0 to 2, got 9')
    expect((error as BadRequestError).requestID).toMatch(/^[\w-]{8,}$/)
  })

  it('raises NotFoundError for a model', async () => {
    const body = { messages, ...scripted({ persona: 'vllm', error: 'model_not_found' }) }
    const asked = client().chat.completions.create({ model: 'nobody', ...body })
    await expect(asked).rejects.toBeInstanceOf(NotFoundError)
    await expect(asked).rejects.toMatchObject({ status: 404 })
    await expect(client().models.retrieve('Qwen/Qwen3-9B')).rejects.toBeInstanceOf(NotFoundError)
  })

  it('raises what an upstream refuses before the stream by its status', async () => {
    const asked = client().chat.completions.create({
      model,
      messages,
      stream: true,
      ...scripted({ persona: 'vllm', error: 'context_length' }),
    })
    const error = await asked.catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(BadRequestError)
    expect((error as BadRequestError).message).toContain('maximum context length is 4096')
  })

  it('raises InternalServerError where the upstream is no API', async () => {
    const script: Script = {
      headers: { 'content-type': 'text/html' },
      steps: [{ send: '<html>Welcome to nginx!</html>' }],
    }
    const asked = client().chat.completions.create({ model, messages, ...scripted(script) })
    const error = await asked.catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(InternalServerError)
    expect(error).toMatchObject({ status: 502 })
  })

  it('raises APIError for an error inside a stream, after what came before it', async () => {
    const stream = await client().chat.completions.create({
      model,
      messages,
      stream: true,
      ...scripted(broken),
    })
    let said = ''
    const read = async () => {
      for await (const chunk of stream) said += chunk.choices[0]?.delta.content ?? ''
    }
    const error = await read().catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(APIError)
    expect((error as APIError).message).toContain('CUDA out of memory')
    expect(said).toBe('Half a thought')
  })
}

function aiSdk(server: Server, upstream: () => Upstream): void {
  const provider = () =>
    createOpenAICompatible({ name: 'sluice', baseURL: server.base, includeUsage: true })
  const scripted = (script: object) => ({ sluice: { script: JSON.parse(JSON.stringify(script)) } })

  it.each([
    ['static', staticText],
    [model, upstreamText],
  ])('streams from %s', async (name, text) => {
    const result = streamText({ model: provider()(name), prompt: 'Go.', maxRetries: 0 })
    const parts: string[] = []
    for await (const part of result.textStream) parts.push(part)
    expect(parts.length).toBeGreaterThan(5)
    expect(parts.join('')).toBe(text)
    expect(await result.finishReason).toBe('stop')
    expect((await result.usage).outputTokens).toBeGreaterThan(5)
  })

  it.each([
    ['static', staticText],
    [model, upstreamText],
  ])('gets a whole answer from %s', async (name, expected) => {
    const { text, finishReason, usage } = await generateText({
      model: provider()(name),
      prompt: 'Go.',
      maxRetries: 0,
    })
    expect(text).toBe(expected)
    expect(finishReason).toBe('stop')
    expect(usage.outputTokens).toBeGreaterThan(5)
  })

  it('aborts in the middle of a stream, and the upstream stops', async () => {
    const control = new AbortController()
    const result = streamText({
      model: provider()(model),
      prompt: 'Go.',
      abortSignal: control.signal,
      providerOptions: scripted(endless),
    })
    const request = await upstream().next(isEndless)
    let count = 0
    for await (const _ of result.textStream) if (++count === 3) control.abort()
    await request.closedWithin(1_500)
  })

  it('raises an error with its status and message', async () => {
    const asked = generateText({
      model: provider()('static'),
      prompt: 'Go.',
      temperature: 9,
      maxRetries: 0,
    })
    const error = await asked.then(
      () => undefined,
      (reason: unknown) => reason,
    )
    expect(APICallError.isInstance(error)).toBe(true)
    expect(error).toMatchObject({ statusCode: 400 })
    expect((error as APICallError).message).toContain('temperature: expected')
  })

  it('tells of an error inside a stream', async () => {
    const errors: unknown[] = []
    const result = streamText({
      model: provider()(model),
      prompt: 'Go.',
      maxRetries: 0,
      providerOptions: scripted(broken),
      onError: ({ error }) => void errors.push(error),
    })
    let said = ''
    for await (const part of result.textStream) said += part
    expect(said).toBe('Half a thought')
    expect(errors).toHaveLength(1)
    expect(JSON.stringify(errors[0], ['message']) + String(errors[0])).toContain('CUDA')
  })
}
