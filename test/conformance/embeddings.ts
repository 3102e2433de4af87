import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { OpenAIEmbeddings } from '@langchain/openai'
import { embedMany } from 'ai'
import OpenAI from 'openai'
import { describe, expect, it } from 'vitest'
import { openClient } from '../support/client.ts'
import { type VectorsOddity, vectorOf } from '../support/embeddings.ts'
import { needs } from '../support/hosts.ts'
import { errorScript } from '../support/personas/errors.ts'
import { expectError } from '../support/refusal.ts'
import { logOf, nextFor, type Relay, sentFor, tag, useRelay } from '../support/relay.ts'
import type { HostName } from '../support/server.ts'

/** An answer as its client reads it. */
interface Answer {
  data: { index: number; embedding: number[] | string }[]
}

/** `POST /v1/embeddings` by an upstream; web-llm's are in the unit tests. */
export function embeddings(host: HostName): void {
  const relay = useRelay(host)
  describe('clients get vectors', () => clients(relay))
  describe('the form is the one asked for', () => forms(relay))
  describe('an upstream is held to', () => judged(relay))
  describe('refusals', () => refusals(relay))
  describe('end', () => ends(host))

  it('are as counted in the log', async () => {
    const response = await post(relay, { input: ['a', 'b', 'c'] })
    await response.body?.cancel()
    expect(await logOf(relay.server, response)).toMatchObject({ promptTokens: 3, outcome: 'ok' })
  })
}

function post(relay: Relay, body: object): Promise<Response> {
  return fetch(`${relay.server.base}/embeddings`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'm', input: 'Go.', ...body }),
  })
}

async function vectors(relay: Relay, body: object): Promise<(number[] | string)[]> {
  const response = await post(relay, body)
  const answer = await response.text()
  expect(response.status, answer).toBe(200)
  return (JSON.parse(answer) as Answer).data.map(({ embedding }) => embedding)
}

/** Upstreams whose clients see no difference. */
const kinds: (VectorsOddity | undefined)[] = [undefined, 'numbers', 'base64', 'refuses-base64']

function clients(relay: Relay): void {
  const input = ['one', 'two', 'three']
  const expected = [vectorOf(0), vectorOf(1), vectorOf(2)]
  const script = (vectors: VectorsOddity | undefined) => (vectors ? { script: { vectors } } : {})

  it.each(kinds)(
    'in the openai SDK, which asks for base64, of one that gives: %s',
    async (kind) => {
      const client = new OpenAI({ apiKey: 'none', baseURL: relay.server.base, maxRetries: 0 })
      const { data, usage } = await client.embeddings.create({ model: 'm', input, ...script(kind) })
      expect(data.map(({ embedding }) => embedding)).toEqual(expected)
      expect(data.map(({ index }) => index)).toEqual([0, 1, 2])
      expect(usage.total_tokens).toBe(3)
      for (const encoding_format of ['float', 'base64'] as const) {
        const asked = { model: 'm', input, encoding_format, ...script(kind) }
        const { data } = await client.embeddings.create(asked)
        expect(typeof data[0]?.embedding).toBe(encoding_format === 'float' ? 'object' : 'string')
      }
    },
  )

  it.each(kinds)('in LangChain, of one that gives: %s', async (kind) => {
    const options = { model: 'm', maxRetries: 0, apiKey: 'none', dimensions: 2 }
    const fetchWith = async (url: string | URL | Request, init?: RequestInit) => {
      const body = { ...JSON.parse(String(init?.body)), ...script(kind) }
      return fetch(url, { ...init, body: JSON.stringify(body) })
    }
    const configuration = { baseURL: relay.server.base, fetch: fetchWith }
    const client = new OpenAIEmbeddings({ ...options, configuration })
    expect(await client.embedDocuments(input)).toEqual(expected)
    expect(await client.embedQuery('one')).toEqual(expected[0])
  })

  it.each(kinds)('in the ai SDK, of one that gives: %s', async (kind) => {
    const provider = createOpenAICompatible({
      name: 'sluice',
      baseURL: relay.server.base,
      transformRequestBody: (body: object) => ({ ...body, ...script(kind) }),
      fetch: async (url, init) => {
        const body = { ...JSON.parse(String(init?.body)), ...script(kind) }
        return fetch(url, { ...init, body: JSON.stringify(body) })
      },
    })
    const model = provider.embeddingModel('m')
    const { embeddings, usage } = await embedMany({ model, values: input, maxRetries: 0 })
    expect(embeddings).toEqual(expected)
    expect(usage.tokens).toBe(3)
  })
}

function forms(relay: Relay): void {
  const text = Buffer.from(new Float32Array(vectorOf(0)).buffer).toString('base64')

  it.each(kinds)('numbers or base64, of one that gives: %s', async (kind) => {
    const script = kind && { vectors: kind }
    expect(await vectors(relay, { script })).toEqual([vectorOf(0)])
    expect(await vectors(relay, { script, encoding_format: 'float' })).toEqual([vectorOf(0)])
    expect(await vectors(relay, { script, encoding_format: 'base64' })).toEqual([text])
  })

  it('is told by the log where it had to be repaired', async () => {
    const body = { encoding_format: 'base64', script: { vectors: 'numbers' } }
    const response = await post(relay, body)
    await response.body?.cancel()
    expect(await logOf(relay.server, response)).toMatchObject({ repaired: ['encoding'] })
  })

  it('for texts and tokens, one and several', async () => {
    for (const input of ['a', ['a'], [1, 2, 3], [[1, 2, 3]]]) {
      expect(await vectors(relay, { input })).toEqual([vectorOf(0)])
    }
    for (const input of [
      ['a', 'b'],
      [[1], [2, 3]],
    ]) {
      expect(await vectors(relay, { input })).toEqual([vectorOf(0), vectorOf(1)])
    }
  })

  it('has the size that was asked for, or there is none', async () => {
    expect(await vectors(relay, { dimensions: 4 })).toEqual([vectorOf(0, 4)])
    for (const encoding_format of ['float', 'base64']) {
      const script = { vectors: 'own-size' }
      const body = tag({ dimensions: 2, encoding_format, script })
      const error = await expectError(await post(relay, body), 400)
      expect(error).toMatchObject({ param: 'dimensions', code: 'invalid_value' })
      expect(error.message).toBe(
        "dimensions: expected 3, the length of this model's vectors, got 2; leave it out.",
      )
      // That would change nothing.
      expect(sentFor(relay, body)).toHaveLength(1)
    }
  })

  it('is forwarded byte for byte where it is right', async () => {
    const json = '{"object":"list","data":[{"index":0,"embedding":[1.0, 2e0]}],"own": true}'
    const headers = { 'content-type': 'application/json' }
    const response = await post(relay, { script: { headers, steps: [{ send: json }] } })
    expect(await response.text()).toBe(json)
  })

  it('has indices, where the upstream left them out', async () => {
    const body = { input: ['a', 'b'], script: { vectors: 'no-index' } }
    const { data } = (await (await post(relay, body)).json()) as Answer
    expect(data.map(({ index }) => index)).toEqual([0, 1])
  })
}

function judged(relay: Relay): void {
  it.each<[VectorsOddity, RegExp]>([
    ['one-less', /gpu sent the wrong number of embeddings: expected 2, got 1/],
    ['swapped', /indices are not in order/],
    ['uneven', /vectors of 2 and of 3 numbers/],
    ['nulls', /neither numbers nor/],
    ['bad-base64', /neither numbers nor/],
  ])('its word: %s', async (odd, told) => {
    const script = { vectors: odd }
    const error = await expectError(await post(relay, { input: ['a', 'b'], script }), 502)
    expect(error.code).toBe('upstream_invalid')
    expect(error.message).toMatch(told)
  })

  it('an error that it calls a success', async () => {
    const error = await expectError(await post(relay, { script: { vectors: 'error' } }), 502)
    expect(error).toMatchObject({ code: 'upstream_error' })
    expect(error.message).toContain('out of memory')
  })

  it('JSON', async () => {
    const headers = { 'content-type': 'text/html' }
    const script = { headers, steps: [{ send: '<p>Welcome</p>' }] }
    const error = await expectError(await post(relay, { script }), 502)
    expect(error.message).toContain('text/html instead of JSON')
  })
}

function refusals(relay: Relay): void {
  it.each([
    ['input', { input: 5 }, 'a string, an array or an object'],
    ['input', { input: null }, 'got null'],
    ['input', { input: Array(5_001).fill('a') }, 'at most 5000, got 5001; --max-messages'],
    ['dimensions', { dimensions: 0 }, 'an integer of at least 1, got 0'],
    ['encoding_format', { encoding_format: 'int8' }, '"float", "base64"'],
  ])('name the field: %s %j', async (param, body, told) => {
    const error = await expectError(await post(relay, body), 400)
    expect(error.param).toBe(param)
    expect(error.message).toContain(told)
  })

  it('come from a model that only chats, with what to do', async () => {
    const error = await expectError(await post(relay, { model: 'static' }), 400)
    expect(error).toMatchObject({ code: 'model_not_capable', param: 'model' })
    expect(error.message).toBe('model: static cannot make embeddings; name a model that can.')
  })

  it('come from an upstream in its own words', async () => {
    const script = { ...errorScript('message_only'), status: 400 }
    const error = await expectError(await post(relay, { script }), 400)
    expect(error.message).toMatch(/\S/)
    const none = { steps: [{ send: '{"detail":"Not Found"}' }], status: 404 }
    const unknown = await expectError(await post(relay, { script: none }), 404)
    expect(unknown.message).toBe(
      'model: gpu does not offer POST /v1/embeddings; name a model of a server that creates embeddings.',
    )
  })
}

function ends(host: HostName): void {
  const relay = useRelay(host, { flags: ['--answer-timeout', '600ms'] })
  const never = { headersAfter: 'never', steps: [] }

  it('with the time that an answer may take', async () => {
    const body = tag({ script: never })
    const error = await expectError(await post(relay, body), 504)
    expect(error.code).toBe('answer_timeout')
    await (await nextFor(relay, body)).closedWithin(1_000)
  })

  // Nothing is written before a whole answer, so workerd has nothing to learn it by.
  it('with the client that asked, and so does the engine', needs(host, 'hangups'), async () => {
    for (const path of ['/v1/embeddings', '/v1/completions']) {
      const body = tag({ model: 'm', input: 'a', prompt: 'a', script: never })
      const client = await openClient(relay.server, body, path)
      const upstream = await nextFor(relay, body)
      client.hangUp()
      await upstream.closedWithin(500)
      const entry = await relay.server.nextLog(({ outcome }) => outcome === 'cancelled')
      expect(entry).toMatchObject({ path, engine: 'gpu' })
    }
  })
}
