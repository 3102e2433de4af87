import { describe, expect, it } from 'vitest'
import { VERSION } from '../../src/version.ts'
import { OLLAMA_VERSION } from '../../src/wire/ollama/version.ts'
import { useRelay } from '../support/relay.ts'
import { type HostName, type Server, useServerWith } from '../support/server.ts'
import { startUpstream } from '../support/upstream.ts'
import { bearer, entry } from './keys-entries.ts'
import { ollamaClient } from './ollama-models-client.ts'
import { ollamaEmbeddings } from './ollama-models-embed.ts'
import { ollamaOwn } from './ollama-models-own.ts'

const CHAT = ['completion', 'tools']

/** Models and embeddings in Ollama's API. */
export function ollamaModels(host: HostName): void {
  describe('the models of any engine', () => anyEngine(host))
  describe('a key', () => keyed(host))
  describe('the models of an Ollama', () => ollamaOwn(host))
  describe('embeddings', () => ollamaEmbeddings(host))
  describe('the ollama package', () => ollamaClient(host))
}

/** The JSON of a route below /api/, whose status is 200. */
export async function ask(server: Server, path: string, body?: object): Promise<never> {
  const response = await fetch(`${server.url}/api/${path}`, body && posted(body))
  const text = await response.text()
  expect(response.status, text).toBe(200)
  return JSON.parse(text) as never
}

export function posted(body: object): RequestInit {
  const headers = { 'content-type': 'application/json' }
  return { method: 'POST', headers, body: JSON.stringify(body) }
}

interface Tags {
  models: Record<string, unknown>[]
}

function anyEngine(host: HostName): void {
  const listed = [
    { id: 'plain', context_length: 32_768 },
    { id: 'Seen-8B.gguf', meta: { n_params: 8_190_735_360, size: 5_027_783_488, n_embd: 4096 } },
    { id: 'nomic-embed-text:latest' },
    { id: 'eyes', capabilities: ['completion', 'vision'], arch: 'qwen3vl', quantization: '4bit' },
  ]
  const relay = useRelay(host, {
    upstream: {
      models: listed.map((model) => ({
        object: 'model',
        created: 1_790_000_000,
        ...model,
      })) as never,
    },
    flags: ['--alias', 'gpt-4o=plain'],
  })

  it('are listed with all fields that clients expect', async () => {
    const { models } = (await ask(relay.server, 'tags')) as Tags
    expect(models.map(({ name }) => name)).toEqual([
      ...listed.map(({ id }) => id),
      'gpt-4o',
      'static',
    ])
    expect(models[0]).toEqual({
      ...{ name: 'plain', model: 'plain:latest', modified_at: '2026-09-21T14:13:20.000Z', size: 0 },
      digest: expect.stringMatching(/^[\da-f]{64}$/),
      details: {
        ...{ parent_model: '', format: '', family: '', families: [], parameter_size: '' },
        ...{ quantization_level: '', context_length: 32_768 },
      },
      capabilities: CHAT,
    })
    expect(models[1]).toMatchObject({
      size: 5_027_783_488,
      details: { parameter_size: '8.2B', embedding_length: 4096 },
    })
    expect(models.map(({ capabilities }) => capabilities)).toEqual([
      ...[CHAT, CHAT, ['embedding'], ['completion', 'vision'], CHAT, ['completion']],
    ])
    expect(new Set(models.map(({ digest }) => digest)).size).toBe(models.length)
  })

  it.each(['plain', 'plain:latest', 'gpt-4o', 'gpt-4o:latest', 'static:latest'])(
    'are described by a name with or without :latest: %s',
    async (model) => {
      const shown = await ask(relay.server, 'show', { model })
      expect(shown).toMatchObject({ modelfile: expect.stringContaining('FROM '), template: '' })
      if (model.startsWith('static')) return
      expect(shown).toMatchObject({
        capabilities: CHAT,
        parameters: 'num_ctx                        32768',
        model_info: { 'general.architecture': 'unknown', 'unknown.context_length': 32_768 },
      })
    },
  )

  it('are described by what their servers list', async () => {
    expect(await ask(relay.server, 'show', { name: 'nomic-embed-text' })).toMatchObject({
      capabilities: ['embedding'],
      modified_at: '2026-09-21T14:13:20.000Z',
    })
    expect(await ask(relay.server, 'show', { model: 'eyes' })).toMatchObject({
      details: { family: 'qwen3vl', families: ['qwen3vl'], quantization_level: '4bit' },
      model_info: { 'general.architecture': 'qwen3vl' },
    })
    expect(await ask(relay.server, 'show', { model: 'Seen-8B.gguf' })).toMatchObject({
      model_info: { 'general.parameter_count': 8_190_735_360, 'unknown.embedding_length': 4096 },
    })
  })

  it('are described by every name that is listed, as VS Code and Open WebUI ask for them', async () => {
    const { models } = (await ask(relay.server, 'tags')) as {
      models: { name: string; model: string }[]
    }
    for (const { name, model } of models) {
      expect(model).toMatch(/:/)
      for (const each of [name, model]) {
        expect(await ask(relay.server, 'show', { model: each })).toMatchObject({
          capabilities: expect.any(Array),
          model_info: { 'general.architecture': expect.any(String) },
        })
      }
    }
  })

  it('are not there: 404 with a text', async () => {
    const response = await fetch(`${relay.server.url}/api/show`, posted({ model: 'nobody:7b' }))
    expect(response.status).toBe(404)
    expect(await response.json()).toEqual({ error: expect.stringContaining('"nobody:7b"') })
    const none = await fetch(`${relay.server.url}/api/show`, posted({}))
    expect(none.status).toBe(400)
    expect(await none.json()).toEqual({ error: expect.stringMatching(/^model: expected the name/) })
  })

  it('are loaded as far as their servers say so', async () => {
    expect(await ask(relay.server, 'ps')).toEqual({ models: [] })
  })

  it('come with the version of the API, also for HEAD', async () => {
    expect(await ask(relay.server, 'version')).toEqual({ version: OLLAMA_VERSION, sluice: VERSION })
    for (const path of ['version', 'tags']) {
      expect((await fetch(`${relay.server.url}/api/${path}`, { method: 'HEAD' })).status).toBe(200)
    }
  })

  describe('of servers that load them at their start, or say whether they have', () => {
    const server = useServerWith(host, async () => {
      const vllm = await startUpstream({ persona: 'vllm' })
      const router = await startUpstream({
        models: [
          { id: 'in', object: 'model', created: 0, owned_by: 'x', status: { value: 'loaded' } },
          { id: 'out', object: 'model', created: 0, owned_by: 'x', status: { value: 'unloaded' } },
        ] as never,
      })
      return { flags: ['--upstream', vllm.url, '--upstream', router.url] }
    })

    it('are running', async () => {
      const { models } = (await ask(server, 'ps')) as Tags
      expect(models.map(({ name }) => name)).toEqual(['Qwen/Qwen3-8B', 'in'])
      expect(models[0]).toMatchObject({
        ...{ size: 0, size_vram: 0, expires_at: '9999-12-31T23:59:59Z' },
        context_length: expect.any(Number),
      })
    })
  })
}

function keyed(host: HostName): void {
  const server = useServerWith(host, async () => {
    const upstream = await startUpstream({ persona: 'ollama' })
    const keys = [entry('ann', 'ann-key', { models: ['qwen3:8b'] })]
    const env = { SLUICE_KEYS: JSON.stringify(keys) }
    return { flags: ['--upstream', `gpu=${upstream.url}`], env }
  })

  it('sees the models that it may use', async () => {
    const response = await fetch(`${server.url}/api/tags`, bearer('ann-key'))
    const { models } = (await response.json()) as Tags
    expect(models.map(({ name }) => name)).toEqual(['qwen3:8b'])
    const { headers } = bearer('ann-key')
    const options = posted({ model: 'llama3.2' })
    const refused = await fetch(`${server.url}/api/show`, {
      ...options,
      headers: { ...headers, 'content-type': 'application/json' },
    })
    expect(refused.status).toBe(403)
    expect(await refused.json()).toEqual({ error: expect.stringContaining('you may not use') })
  })

  it('is asked for in words that say how Ollama’s clients send one', async () => {
    for (const path of ['tags', 'ps', 'nothing']) {
      const response = await fetch(`${server.url}/api/${path}`)
      expect(response.status).toBe(401)
      const { error } = (await response.json()) as { error: string }
      expect(error).toContain('Authorization: Bearer KEY')
      expect(error).toContain('headers')
      expect(error).toContain('OLLAMA_API_KEY')
    }
  })
}
