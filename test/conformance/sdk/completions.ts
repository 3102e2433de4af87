import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { OpenAI as LangChain } from '@langchain/openai'
import { generateText, streamText } from 'ai'
import OpenAI from 'openai'
import { describe, expect, it } from 'vitest'
import { TEXT, textChunk, writing } from '../../support/completions.ts'
import { nextFor, type Relay, tag } from '../../support/relay.ts'
import type { Script } from '../../support/script.ts'
import type { HostName } from '../../support/server.ts'
import { useStage } from './requests.ts'

const staticText = 'Water finds its way.'

const models: [string, string][] = [
  ['static', staticText],
  ['m', TEXT],
]

/** Quiet before its first word and between two, for longer than a heartbeat. */
const slow: Script = { ...writing('One', { wait: 500 }, ' two', ' three'), headersAfter: 500 }

const broken: Script = {
  steps: [
    { chunk: textChunk('Half') },
    { chunk: { error: { message: 'CUDA out of memory', type: 'server_error', code: 500 } } },
  ],
}

const endless: Script = writing({
  repeat: 1_000,
  steps: [{ wait: 50 }, { chunk: textChunk(' on') }],
})

/** Clients of text completions that people use, as they are. */
export function completionClients(host: HostName): void {
  const relay = useStage(host, 'completions')
  describe('LangChain', () => langChain(relay))
  describe('the ai SDK', () => aiSdk(relay))

  it('the openai SDK hears no heartbeat', async () => {
    const client = new OpenAI({ apiKey: 'none', baseURL: relay.server.base, maxRetries: 0 })
    const body = { model: 'm', prompt: 'Go.', stream: true as const, script: slow }
    let said = ''
    let empty = 0
    for await (const { choices } of await client.completions.create(body)) {
      said += choices[0]?.text
      if (choices[0]?.text === '') empty++
    }
    expect(said).toBe('One two three')
    expect(empty).toBeGreaterThan(2)
  })
}

function langChain(relay: Relay): void {
  const client = (model: string, fields: object = {}) =>
    new LangChain({
      model,
      maxRetries: 0,
      apiKey: 'none',
      configuration: { baseURL: relay.server.base },
      ...fields,
    })

  it.each(models)('streams from %s', async (model, text) => {
    const parts: string[] = []
    for await (const part of await client(model).stream('Go.')) parts.push(part)
    expect(parts.length).toBeGreaterThan(3)
    expect(parts.join('')).toBe(text)
  })

  it.each(models)('gets several answers to several prompts from %s', async (model, text) => {
    for (const streaming of [false, true]) {
      const { generations } = await client(model, { n: 2, streaming }).generate(['a', 'b'])
      expect(generations.map((each) => each.map(({ text }) => text))).toEqual([
        [text, text],
        [text, text],
      ])
      const infos = generations.flat().map(({ generationInfo }) => generationInfo)
      expect(infos.map((info) => info?.finishReason)).toEqual(Array(4).fill('stop'))
    }
  })

  it('keeps how a choice ended where another goes on in silence', async () => {
    const script: Script = {
      steps: [
        { chunk: textChunk('a', { finish_reason: 'length' }) },
        { chunk: textChunk('b', { index: 1 }) },
        { wait: 400 },
        ...writing().steps.map((step) =>
          'chunk' in step ? { chunk: textChunk('', { index: 1, finish_reason: 'stop' }) } : step,
        ),
      ],
    }
    const fields = { streaming: true, modelKwargs: { script } }
    const { generations } = await client('m', fields).generate(['x', 'y'])
    const told = generations
      .flat()
      .map(({ text, generationInfo }) => [text, generationInfo?.finishReason])
    expect(told).toEqual([
      ['a', 'length'],
      ['b', 'stop'],
    ])
  })

  it('keeps how an answer ended where its usage is late', async () => {
    const [end, done] = writing().steps
    const script = { steps: [{ chunk: textChunk('a') }, end, { wait: 400 }, done] } as Script
    const fields = { streaming: true, modelKwargs: { script } }
    const { generations } = await client('m', fields).generate(['x'])
    expect(generations[0]?.[0]).toMatchObject({
      text: 'a',
      generationInfo: { finishReason: 'stop' },
    })
  })

  it('hears no heartbeat', async () => {
    const parts: string[] = []
    const stream = await client('m', { modelKwargs: { script: slow } }).stream('Go.')
    for await (const part of stream) parts.push(part)
    expect(parts.join('')).toBe('One two three')
  })

  it('throws for an error inside a stream', async () => {
    const said: string[] = []
    const read = async () => {
      const stream = await client('m', { modelKwargs: { script: broken } }).stream('Go.')
      for await (const part of stream) said.push(part)
    }
    await expect(read()).rejects.toThrow('CUDA out of memory')
    // An empty text may come before it: a heartbeat, on a busy machine.
    expect(said.join('')).toBe('Half')
  })
}

function aiSdk(relay: Relay): void {
  const model = (name: string) =>
    createOpenAICompatible({
      name: 'sluice',
      baseURL: relay.server.base,
      includeUsage: true,
    }).completionModel(name)
  const options = (more: object) => ({ sluice: JSON.parse(JSON.stringify(more)) })

  it.each(models)('streams from %s', async (name, text) => {
    const result = streamText({ model: model(name), prompt: 'Go.', maxRetries: 0 })
    expect(await result.text).toBe(text)
    expect(await result.finishReason).toBe('stop')
    expect((await result.usage).outputTokens).toBeGreaterThan(3)
  })

  it.each(models)('gets a whole answer from %s', async (name, expected) => {
    const { text, finishReason, usage } = await generateText({
      model: model(name),
      prompt: 'Go.',
      maxRetries: 0,
    })
    expect(text).toBe(expected)
    expect(finishReason).toBe('stop')
    expect(usage.outputTokens).toBeGreaterThan(3)
  })

  it('hears no heartbeat', async () => {
    const result = streamText({
      model: model('m'),
      prompt: 'Go.',
      maxRetries: 0,
      providerOptions: options({ script: slow }),
    })
    expect(await result.text).toBe('One two three')
    expect(await result.finishReason).toBe('stop')
  })

  it('tells of an error inside a stream', async () => {
    const errors: unknown[] = []
    const result = streamText({
      model: model('m'),
      prompt: 'Go.',
      maxRetries: 0,
      providerOptions: options({ script: broken }),
      onError: ({ error }) => void errors.push(error),
    })
    let said = ''
    for await (const part of result.textStream) said += part
    expect(said).toBe('Half')
    expect(errors).toHaveLength(1)
    expect(JSON.stringify(errors[0], ['message']) + String(errors[0])).toContain('CUDA')
  })

  it('aborts in the middle of a stream, and the upstream stops', async () => {
    const control = new AbortController()
    const body = tag({ script: endless })
    const result = streamText({
      model: model('m'),
      prompt: 'Go.',
      abortSignal: control.signal,
      providerOptions: options(body),
    })
    const request = nextFor(relay, body)
    let count = 0
    for await (const _ of result.textStream) if (++count === 3) control.abort()
    await (await request).closedWithin(1_500)
  })
}
