import { describe, expect, it, vi } from 'vitest'
import { Upstream, type UpstreamOptions } from '../../../../src/engines/upstream/upstream.ts'
import type { FetchInit } from '../../../../src/platform/fetch.ts'
import type { Model } from '../../../support/personas.ts'
import {
  type Facts,
  koboldFacts,
  llamaRouterFacts,
  llamaRouterModels,
  llamaServerFacts,
  lmStudioFacts,
  modelOf,
  type OllamaModel,
  ollamaFacts,
  ollamaModels,
  type RoutedModel,
  sglangFacts,
  tabbyFacts,
} from '../../../support/server-facts.ts'

/** An upstream that lists models and says these facts, and what it was asked. */
function startServer(
  models: readonly Model[],
  facts: Facts = () => undefined,
  options: Partial<UpstreamOptions> = {},
) {
  const asked: string[] = []
  const upstream = new Upstream({
    url: 'http://gpu:8000/v1',
    label: 'gpu',
    ...options,
    async fetch(url: string, init: FetchInit) {
      const { pathname, search, searchParams } = new URL(url)
      const method = init.method ?? 'GET'
      if (pathname === '/v1/models') return Response.json({ data: models }) as never
      asked.push(`${method} ${pathname}${search}`)
      const body: unknown = JSON.parse(String(init.body ?? 'null'))
      const fact = facts({ method, path: pathname, query: searchParams, body })
      if (!fact) return new Response('not found', { status: 404 }) as never
      return Response.json(fact.body, { status: fact.status ?? 200 }) as never
    },
  })
  const { signal } = new AbortController()
  /** The sizes as the next list has them. */
  const sizes = async () => {
    const listed = await upstream.models(signal)
    const sized = (await upstream.sizedModels(signal)) ?? listed
    return sized.map(
      ({ object: _, created: __, owned_by: ___, loaded: ____, ...rest }): Record<string, unknown> =>
        rest,
    )
  }
  return { upstream, asked, sizes }
}

describe('the size of a context is asked', () => {
  it('of Ollama: what a loaded model runs with, what the others are made for', async () => {
    const models: OllamaModel[] = [
      { id: 'qwen3:8b', trained: 40_960, loaded: 4096 },
      { id: 'coder:latest', trained: 262_144, stated: 32_768 },
      { id: 'wide:latest', trained: 8192, stated: 32_768 },
      { id: 'plain:latest', trained: 131_072 },
      // Loaded by a request with an option of its own.
      { id: 'tuned:latest', trained: 131_072, stated: 32_768, loaded: 16_384 },
    ]
    const { sizes, asked } = startServer(ollamaModels(models), ollamaFacts(models))
    expect(await sizes()).toEqual([
      {
        ...{ id: 'qwen3:8b', context_length: 4096 },
        ...{ loaded_context_length: 4096, max_context_length: 40_960 },
      },
      { id: 'coder:latest', context_length: 32_768, max_context_length: 262_144 },
      { id: 'wide:latest', context_length: 8192, max_context_length: 8192 },
      { id: 'plain:latest', max_context_length: 131_072 },
      {
        ...{ id: 'tuned:latest', context_length: 16_384 },
        ...{ loaded_context_length: 16_384, max_context_length: 131_072 },
      },
    ])
    expect(asked.toSorted()).toEqual(['GET /api/ps', ...Array(5).fill('POST /api/show')])
  })

  it('of Ollama: what a model ran with last is what it will run with', async () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    try {
      const models: OllamaModel[] = [{ id: 'm', trained: 40_960, loaded: 4096 }]
      const { sizes, asked } = startServer(ollamaModels(models), ollamaFacts(models))
      await sizes()
      delete models[0]?.loaded
      vi.advanceTimersByTime(11_000)
      expect(await sizes()).toEqual([{ id: 'm', context_length: 4096, max_context_length: 40_960 }])
      // The model itself is not asked about again.
      expect(asked).toEqual(['GET /api/ps', 'POST /api/show', 'GET /api/ps'])
    } finally {
      vi.useRealTimers()
    }
  })

  it('of a llama-server that lists only what the model was trained with', async () => {
    const listed = modelOf('m.gguf', 'llamacpp', { meta: { n_ctx_train: 131_072 } })
    const { sizes, asked } = startServer([listed], llamaServerFacts(8192))
    expect(await sizes()).toMatchObject([{ id: 'm.gguf', loaded_context_length: 8192 }])
    expect(asked).toEqual(['GET /props'])
  })

  it('not of a llama-server that lists it', async () => {
    const meta = { n_ctx: 8192, n_ctx_train: 131_072 }
    const { sizes, asked } = startServer([modelOf('m', 'llamacpp', { meta })], llamaServerFacts(1))
    expect(await sizes()).toEqual([{ id: 'm', meta }])
    expect(asked).toEqual([])
  })

  it('of a router for loaded models alone, so that none is loaded', async () => {
    const touched: string[] = []
    const models: RoutedModel[] = [
      { id: 'org/a:Q4', status: 'loaded', length: 16_384 },
      { id: 'b', status: 'unloaded', length: 4096 },
      { id: 'c', status: 'loading', length: 4096 },
    ]
    const facts = llamaRouterFacts(models, touched)
    const { sizes, asked } = startServer(llamaRouterModels(models), facts)
    const [a, b, c] = await sizes()
    expect(a).toMatchObject({ loaded_context_length: 16_384 })
    expect([b, c]).not.toContainEqual(expect.objectContaining({ loaded_context_length: 4096 }))
    expect(asked).toEqual(['GET /props?model=org%2Fa%3AQ4&autoload=false'])
    expect(touched).toEqual([])
  })

  it('of a router that unloads the model meanwhile, without loading it again', async () => {
    const touched: string[] = []
    const listed: RoutedModel[] = [{ id: 'a', status: 'loaded', length: 1 }]
    const now: RoutedModel[] = [{ id: 'a', status: 'unloaded', length: 1 }]
    const { sizes } = startServer(llamaRouterModels(listed), llamaRouterFacts(now, touched))
    expect(await sizes()).not.toContainEqual(expect.objectContaining({ loaded_context_length: 1 }))
    expect(touched).toEqual([])
  })

  it('of LM Studio, in its own list', async () => {
    const models = [modelOf('a', 'organization_owner'), modelOf('b', 'organization_owner')]
    const facts = lmStudioFacts([
      { id: 'a', max: 131_072, loaded: 4096 },
      { id: 'b', max: 32_768 },
    ])
    const { sizes, asked } = startServer(models, facts)
    expect(await sizes()).toEqual([
      { id: 'a', loaded_context_length: 4096, max_context_length: 131_072 },
      { id: 'b', max_context_length: 32_768 },
    ])
    expect(asked).toEqual(['GET /api/v0/models'])
  })

  it.each<[string, Model, Facts, object]>([
    [
      'an old SGLang',
      modelOf('m', 'sglang'),
      sglangFacts(32_768, 32_762),
      { loaded_context_length: 32_768, max_input_tokens: 32_762 },
    ],
    [
      'an SGLang that was given no length',
      modelOf('m', 'sglang'),
      sglangFacts(null, 4090),
      { max_input_tokens: 4090 },
    ],
    [
      'TabbyAPI',
      modelOf('m', 'tabbyAPI'),
      tabbyFacts('m', 16_384),
      { loaded_context_length: 16_384 },
    ],
    ['KoboldCpp', modelOf('m', 'koboldcpp'), koboldFacts(8192), { loaded_context_length: 8192 }],
  ])('of %s', async (_name, listed, facts, size) => {
    const { sizes, asked } = startServer([listed], facts)
    expect(await sizes()).toEqual([{ id: 'm', ...size }])
    expect(asked).toHaveLength(1)
  })

  it.each([
    modelOf('m', 'vllm', { max_model_len: 4096 }),
    modelOf('m', 'llama-swap'),
    modelOf('m', 'somebody'),
    modelOf('m', 'sglang', { max_model_len: 4096 }),
  ])('not of $owned_by, which lists it or says nothing', async (listed) => {
    const { sizes, asked } = startServer([listed])
    expect(await sizes()).toHaveLength(1)
    expect(asked).toEqual([])
  })
})

describe('a server that does not say the size', () => {
  it.each<[string, Facts]>([
    ['lacks the path', () => undefined],
    ['fails', () => ({ status: 500, body: { error: 'no' } })],
    ['says something else', () => ({ body: [] })],
    ['says nonsense', () => ({ body: { models: [{ name: 'm', context_length: '4k' }] } })],
  ])('lists its models all the same, and is not asked again at once: it %s', async (_, facts) => {
    const { sizes, asked } = startServer([modelOf('m', 'library')], facts)
    expect(await sizes()).toEqual([{ id: 'm' }])
    // Which models are loaded is asked for each list.
    const shows = () => asked.filter((request) => request === 'POST /api/show').length
    expect(shows()).toBe(1)
    expect(await sizes()).toEqual([{ id: 'm' }])
    expect(shows()).toBe(1)
  })

  it.each([true, false])('holds up no list, where requests are isolated: %s', async (isolated) => {
    const waits = ({ signal }: FetchInit) =>
      new Promise<never>((_, reject) => {
        signal?.addEventListener('abort', () => reject(signal.reason))
      })
    const options = { isolateRequests: isolated }
    const upstream = new Upstream({
      ...{ url: 'http://gpu:8000/v1', label: 'gpu', ...options },
      fetch: (url, init = {}) =>
        url.endsWith('/models')
          ? (Promise.resolve(Response.json({ data: [modelOf('m', 'library')] })) as never)
          : waits(init),
    })
    const { signal } = new AbortController()
    const started = performance.now()
    await upstream.models(signal)
    await upstream.sizedModels(signal)
    expect(performance.now() - started).toBeLessThan(1_500)
  })

  it('is not asked again soon, where requests are isolated and it hangs', async () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    try {
      let asked = 0
      const upstream = new Upstream({
        ...{ url: 'http://gpu:8000/v1', label: 'gpu', isolateRequests: true },
        fetch(url, { signal } = {}) {
          if (url.endsWith('/models'))
            return Promise.resolve(
              Response.json({ data: [modelOf('m.gguf', 'llamacpp')] }),
            ) as never
          asked++
          return new Promise<never>((_, reject) => {
            signal?.addEventListener('abort', () => reject(signal.reason))
          })
        },
      })
      const { signal } = new AbortController()
      await upstream.models(signal)
      await upstream.sizedModels(signal)
      expect(asked).toBeGreaterThan(0)
      const before = asked
      vi.advanceTimersByTime(30_000)
      await upstream.sizedModels(signal)
      expect(asked).toBe(before)
      vi.advanceTimersByTime(60_000)
      await upstream.sizedModels(signal)
      expect(asked).toBeGreaterThan(before)
    } finally {
      vi.useRealTimers()
    }
  })
})

describe('the settings', () => {
  const models = [modelOf('qwen3:8b', 'vllm', { max_model_len: 40_960 }), modelOf('other', 'vllm')]

  it.each<[UpstreamOptions['contextLength'], (number | undefined)[]]>([
    [8192, [8192, 8192]],
    [{ 'qwen3:*': 16_384 }, [16_384, undefined]],
    [{ '*': 1024, other: 2048 }, [1024, 2048]],
    [{ nobody: 2048 }, [undefined, undefined]],
  ])('state the length: %j', async (contextLength, lengths) => {
    const { sizes } = startServer(models, undefined, { contextLength })
    expect((await sizes()).map(({ context_length }) => context_length)).toEqual(lengths)
  })

  it('name models as clients do', async () => {
    const options = { contextLength: { small: 512 }, rewrite: { small: 'other' } }
    const { sizes } = startServer(models, undefined, options)
    expect(await sizes()).toContainEqual(
      expect.objectContaining({ id: 'small', context_length: 512 }),
    )
  })
})
