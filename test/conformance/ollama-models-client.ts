import { OllamaEmbeddings } from '@langchain/ollama'
import { embedMany } from 'ai'
import { Ollama } from 'ollama'
import { createOllama } from 'ollama-ai-provider-v2'
import { expect, it } from 'vitest'
import { vectorOf } from '../support/embeddings.ts'
import { useRelay } from '../support/relay.ts'
import { type HostName, useServerWith } from '../support/server.ts'
import { startUpstream } from '../support/upstream.ts'
import { entry } from './keys-entries.ts'

/** Programs made for Ollama, unmodified. */
export function ollamaClient(host: HostName): void {
  const relay = useRelay(host, { upstream: { persona: 'vllm' } })
  const client = () => new Ollama({ host: relay.server.url })

  it('lists, shows and embeds', async () => {
    const { models } = await client().list()
    expect(models.map(({ name }) => name)).toEqual(['Qwen/Qwen3-8B', 'static'])
    for (const model of ['Qwen/Qwen3-8B', 'Qwen/Qwen3-8B:latest']) {
      expect((await client().show({ model })).capabilities).toEqual(['completion', 'tools'])
    }
    expect((await client().ps()).models.map(({ name }) => name)).toEqual(['Qwen/Qwen3-8B'])
    expect(await client().version()).toMatchObject({
      version: expect.stringMatching(/^0\.\d+\.\d+$/),
    })
    const { embeddings } = await client().embed({ model: 'm', input: ['a', 'b'] })
    expect(embeddings).toEqual([vectorOf(0), vectorOf(1)])
    expect(await client().embeddings({ model: 'm', prompt: 'a' })).toEqual({
      embedding: vectorOf(0),
    })
  })

  it('shows the text of an error', async () => {
    const showing = client().show({ model: 'nobody' })
    await expect(showing).rejects.toMatchObject({
      ...{ name: 'ResponseError', status_code: 404 },
      message: expect.stringContaining('no engine serves "nobody"'),
    })
  })

  it('is matched by LangChain', async () => {
    const embeddings = new OllamaEmbeddings({
      baseUrl: relay.server.url,
      model: 'm',
      maxRetries: 0,
    })
    expect(await embeddings.embedDocuments(['a', 'b'])).toEqual([vectorOf(0), vectorOf(1)])
    expect(await embeddings.embedQuery('a')).toEqual(vectorOf(0))
  })

  it('is matched by the ai SDK’s provider', async () => {
    const provider = createOllama({ baseURL: `${relay.server.url}/api` })
    const model = provider.embeddingModel('m')
    const { embeddings } = await embedMany({ model, values: ['a', 'b'], maxRetries: 0 })
    expect(embeddings).toEqual([vectorOf(0), vectorOf(1)])
  })

  const keyed = useServerWith(host, async () => {
    const upstream = await startUpstream({ persona: 'vllm' })
    const env = { SLUICE_KEYS: JSON.stringify([entry('ann', 'ann-key')]) }
    return { flags: ['--upstream', upstream.url], env }
  })

  it('sends a key in its headers', async () => {
    const headers = { Authorization: 'Bearer ann-key' }
    const { models } = await new Ollama({ host: keyed.url, headers }).list()
    expect(models).toHaveLength(2)
    await expect(new Ollama({ host: keyed.url }).list()).rejects.toThrow(
      /Authorization: Bearer KEY/,
    )
  })
}
