import Anthropic from '@anthropic-ai/sdk'
import OpenAI from 'openai'
import { afterAll, expect, it } from 'vitest'
import { type HostName, useServerWith } from '../support/server.ts'
import {
  llamaServerFacts,
  lmStudioFacts,
  modelOf,
  type OllamaModel,
  ollamaFacts,
  ollamaModels,
} from '../support/server-facts.ts'
import { startUpstream, type Upstream } from '../support/upstream.ts'

type Fields = Record<string, unknown>

/** The models of a list in OpenAI's form, by their ids. */
async function listAt(base: string): Promise<Map<unknown, Fields>> {
  const list = (await (await fetch(`${base}/models`)).json()) as { data: Fields[] }
  return new Map(list.data.map((model) => [model.id, model]))
}

const ollama: OllamaModel[] = [
  { id: 'qwen3:8b', trained: 40_960, loaded: 4096 },
  { id: 'coder:latest', trained: 262_144, stated: 32_768 },
]

/** The sizes of contexts in the list of models, from servers of several kinds and from the settings. */
export function contextSizes(host: HostName): void {
  const upstreams: Upstream[] = []
  const start = async (options: Parameters<typeof startUpstream>[0]) => {
    const upstream = await startUpstream(options)
    upstreams.push(upstream)
    return upstream.url
  }
  const server = useServerWith(host, async () => {
    const vllm = await start({ persona: 'vllm' })
    const llama = await start({ persona: 'llamaServer', facts: llamaServerFacts(8192) })
    const studio = lmStudioFacts([{ id: 'google/gemma-3-4b', max: 131_072, loaded: 16_384 }])
    const upstream = [
      { label: 'vllm', url: vllm },
      { label: 'llama', url: llama },
      {
        label: 'ollama',
        url: await start({ models: ollamaModels(ollama), facts: ollamaFacts(ollama) }),
      },
      { label: 'studio', url: await start({ persona: 'lmStudio', facts: studio }) },
      { label: 'quiet', url: await start({ models: [modelOf('quiet', 'me')] }) },
      {
        label: 'stated',
        url: await start({ models: [modelOf('stated', 'me')] }),
        contextLength: { 'sta*': 2048 },
      },
    ]
    const alias = { 'claude-local': 'qwen3:8b' }
    return { flags: [], env: { SLUICE_CONFIG: JSON.stringify({ upstream, alias }) } }
  })
  const outer = useServerWith(host, async () => {
    return { flags: ['--upstream', `next=${server.base}`] }
  })
  afterAll(() => Promise.all(upstreams.map((upstream) => upstream.close())))

  const EXPECTED: [string, Fields][] = [
    ['Qwen/Qwen3-8B', { context_length: 40_960, max_input_tokens: 40_960 }],
    ['gemma-3-4b-it-Q4_K_M.gguf', { context_length: 8192, loaded_context_length: 8192 }],
    ['qwen3:8b', { context_length: 4096, max_context_length: 40_960 }],
    ['coder:latest', { context_length: 32_768, max_context_length: 262_144 }],
    ['google/gemma-3-4b', { context_length: 16_384, max_input_tokens: 16_384 }],
    ['stated', { context_length: 2048, max_input_tokens: 2048 }],
    ['claude-local', { context_length: 4096, max_input_tokens: 4096, root: 'qwen3:8b' }],
  ]

  // A list does not wait for a busy server: the next one has what came too late.
  const listedAt = (base: string, id: string) =>
    expect.poll(async () => (await listAt(base)).get(id), { timeout: 10_000, interval: 300 })

  it.each(EXPECTED)('is told of %s', async (id, size) => {
    await listedAt(server.base, id).toMatchObject(size)
    const one = await fetch(`${server.base}/models/${encodeURIComponent(id)}`)
    expect(await one.json()).toMatchObject({ id, ...size })
  })

  it('is not made up where nobody said it', async () => {
    const model = (await listAt(server.base)).get('quiet') ?? {}
    expect(Object.keys(model).filter((name) => /context|max_/.test(name))).toEqual([])
    const one = await fetch(`${server.base}/models/quiet`, {
      headers: { 'anthropic-version': '2023-06-01' },
    })
    expect(await one.json()).toMatchObject({ max_input_tokens: null, max_tokens: null })
  })

  it('is told through a second sluice', async () => {
    // What an alias stands for is a name of the first sluice.
    for (const [id, { root: _, ...size }] of EXPECTED) {
      await listedAt(outer.base, id).toMatchObject(size)
    }
  })

  it('is all that is passed on of what servers say there', async () => {
    expect(JSON.stringify([...(await listAt(server.base))])).not.toContain('SECRET')
  })

  it('is asked once for several lists', async () => {
    await Promise.all([listAt(server.base), listAt(server.base)])
    const [, llama] = upstreams
    const asked = llama?.requests.filter(({ path }) => path.startsWith('/props')) ?? []
    expect(asked.length).toBeGreaterThan(0)
    expect(asked.length).toBeLessThan(4)
  })

  it('is not asked for an answer', async () => {
    const asked = () => upstreams.flatMap(({ requests }) => requests.map(({ path }) => path))
    const before = asked().filter((path) => /props|api/.test(path)).length
    const body = JSON.stringify({ model: 'quiet', messages: [{ role: 'user', content: 'Hi' }] })
    const headers = { 'content-type': 'application/json' }
    await fetch(`${server.base}/chat/completions`, { method: 'POST', headers, body })
    expect(asked().filter((path) => /props|api/.test(path))).toHaveLength(before)
  })

  it('is read by the SDKs: Claude Code finds an alias with its name, and the size of its model', async () => {
    const anthropic = new Anthropic({ apiKey: 'none', baseURL: server.url, maxRetries: 0 })
    const found = []
    for await (const model of anthropic.models.list({ limit: 3 })) found.push(model)
    const discovered = found.filter(({ id }) => /^(claude|anthropic)/.test(id))
    expect(discovered).toMatchObject([
      { id: 'claude-local', display_name: 'qwen3:8b', max_input_tokens: 4096, type: 'model' },
    ])
    const openai = new OpenAI({ apiKey: 'none', baseURL: server.base, maxRetries: 0 })
    const ids = (await openai.models.list()).data.map(({ id }) => id)
    expect(ids).toEqual(found.map(({ id }) => id))
    expect(await openai.models.retrieve('Qwen/Qwen3-8B')).toMatchObject({ context_length: 40_960 })
  })
}
