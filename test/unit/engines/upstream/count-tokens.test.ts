import { describe, expect, it } from 'vitest'
import { tokenCountCall } from '../../../../src/dialects/messages/native.ts'
import { Upstream, type UpstreamOptions } from '../../../../src/engines/upstream/upstream.ts'
import type { FetchInit } from '../../../../src/platform/fetch.ts'

const messages = [{ role: 'user', content: 'Go on.' }]
const tools = [{ name: 'f', input_schema: { type: 'object' } }]

interface Asked {
  url: string
  body: Record<string, unknown>
}

type Answer = object | { status: number; text: string; type?: string }

/** Counts a prompt by an upstream that has these paths and no others. */
async function count(
  paths: Record<string, Answer>,
  more: object = {},
  times = 1,
  options: Partial<UpstreamOptions> = {},
) {
  const asked: Asked[] = []
  const upstream = new Upstream({
    url: 'http://gpu:8000/v1',
    label: 'gpu',
    rewrite: { small: 'org/small' },
    ...options,
    async fetch(url: string, init: FetchInit) {
      asked.push({ url, body: JSON.parse(String(init.body ?? '{}')) })
      const found = paths[new URL(url).pathname]
      if (found === undefined)
        return new Response('{"detail":"Not Found"}', { status: 404 }) as never
      if (!('text' in found)) return Response.json(found) as never
      const {
        status,
        text,
        type = 'application/json',
      } = found as { status: number; text: string; type?: string }
      return new Response(text, { status, headers: { 'content-type': type } }) as never
    },
  })
  const prompt = tokenCountCall({ model: 'small', messages, tools, ...more }, new Headers())
  const ask = () => upstream.countTokens(prompt, 'small', new AbortController().signal)
  for (let time = 1; time < times; time++) await ask()
  const tokens = await ask()
  return { tokens, asked }
}

const at = (path: string) => `http://gpu:8000${path}`

describe('tokens are counted', () => {
  it('by the endpoint of Anthropic’s API, in its words', async () => {
    const { tokens, asked } = await count({ '/v1/messages/count_tokens': { input_tokens: 42 } })
    expect(tokens).toBe(42)
    const body = { model: 'org/small', messages, tools }
    expect(asked).toEqual([{ url: at('/v1/messages/count_tokens'), body }])
  })

  it('by vLLM’s tokenizer, as a chat with its tools', async () => {
    const { tokens, asked } = await count({ '/tokenize': { count: 17, max_model_len: 4096 } })
    expect(tokens).toBe(17)
    expect(asked[1]).toEqual({
      url: at('/tokenize'),
      body: {
        model: 'org/small',
        messages,
        tools: [{ type: 'function', function: { name: 'f', parameters: { type: 'object' } } }],
        add_generation_prompt: true,
      },
    })
  })

  it('by llama-server’s template and tokenizer', async () => {
    const { tokens, asked } = await count({
      '/apply-template': { prompt: '<user>Go on.' },
      '/tokenize': { tokens: [1, 2, 3, 4] },
    })
    expect(tokens).toBe(4)
    expect(asked.map(({ url }) => url)).toEqual(
      ['/v1/messages/count_tokens', '/tokenize', '/apply-template', '/tokenize'].map(at),
    )
    expect(asked.at(-1)?.body).toEqual({ content: '<user>Go on.', add_special: true })
  })
})

describe('an upstream that refuses to count in the words of Anthropic’s API', () => {
  const text = '{"error":{"message":"System message must be at the beginning."}}'
  const refusing = (status: number) => ({ '/v1/messages/count_tokens': { status, text } })
  const later = { messages: [...messages, { role: 'system', content: 'Be brief.' }] }

  it.each([400, 422, 500])(
    'is asked for a chat, where that is what it serves: %i',
    async (status) => {
      const { tokens, asked } = await count(
        { ...refusing(status), '/tokenize': { count: 17 } },
        later,
      )
      expect(tokens).toBe(17)
      const content = 'Go on.\n\n<system>\nBe brief.\n</system>'
      expect(asked[1]?.body.messages).toEqual([{ role: 'user', content }])
    },
  )

  it('is not, where it serves that API', async () => {
    const paths = { ...refusing(400), '/tokenize': { count: 17 } }
    const refused = count(paths, later, 1, { nativeApis: ['messages'] })
    await expect(refused).rejects.toMatchObject({
      status: 400,
      message: expect.stringContaining('at the beginning'),
    })
  })

  it('is not, where it can’t answer now', async () => {
    const paths = { ...refusing(503), '/tokenize': { count: 17 } }
    await expect(count(paths, later)).rejects.toMatchObject({ status: 503 })
  })
})

describe('tokens are not counted', () => {
  it.each<[string, Record<string, Answer>]>([
    ['where there is no endpoint', {}],
    ['by a page', { '/tokenize': { status: 200, text: '<html>', type: 'text/html' } }],
    ['by an error in disguise', { '/v1/messages/count_tokens': { error: 'Unexpected endpoint' } }],
    ['by words', { '/tokenize': { count: 'many' } }],
    ['by a template without a tokenizer', { '/apply-template': { prompt: 'a' } }],
  ])('%s', async (_, paths) => {
    expect((await count(paths)).tokens).toBeUndefined()
  })

  it('by a text tokenizer, where there is more than text', async () => {
    const image = { type: 'image', source: { type: 'url', url: 'https://a' } }
    const seen = { messages: [{ role: 'user', content: [image] }] }
    const { tokens, asked } = await count({ '/tokenize': { count: 3 } }, seen)
    expect(tokens).toBeUndefined()
    expect(asked).toHaveLength(1)
  })

  it('where the upstream refuses: its words are passed on', async () => {
    const text = '{"error":{"message":"Too long.","type":"invalid_request_error"}}'
    const refused = count({ '/v1/messages/count_tokens': { status: 400, text } })
    await expect(refused).rejects.toMatchObject({ status: 400, message: 'Too long.' })
  })
})

describe('a server', () => {
  it('that can count is not asked for long in ways that it has not got', async () => {
    const { tokens, asked } = await count({ '/tokenize': { count: 17 } }, {}, 3)
    expect(tokens).toBe(17)
    const paths = ['/v1/messages/count_tokens', '/tokenize', '/tokenize', '/tokenize']
    expect(asked.map(({ url }) => url)).toEqual(paths.map(at))
  })
  it('that can’t count is asked in each way once, for many prompts', async () => {
    const { tokens, asked } = await count({}, {}, 25)
    expect(tokens).toBeUndefined()
    expect(asked).toHaveLength(3)
  })
})
