import { expect, it } from 'vitest'
import { useRelay } from '../support/relay.ts'
import type { HostName } from '../support/server.ts'
import { factsAt } from '../support/server-facts.ts'
import { ask } from './ollama-models.ts'

const details = {
  ...{ parent_model: '', format: 'gguf', family: 'llama', families: ['llama'] },
  ...{ parameter_size: '3.2B', quantization_level: 'Q4_K_M' },
}
const listed = {
  ...{ name: 'llama3.2:latest', model: 'llama3.2:latest', size: 2_019_393_189, details },
  ...{ digest: 'a80c4f17acd5', modified_at: '2026-05-04T17:37:44.706015396-07:00' },
  capabilities: ['completion', 'tools'],
}
const loaded = {
  ...{ ...listed, expires_at: '2026-06-04T14:38:31.83753-07:00', size_vram: 5_137_025_024 },
  context_length: 4096,
}
const shown = {
  modelfile:
    '# FROM /root/.ollama/models/blobs/sha256-aa\nFROM /root/.ollama/models/blobs/sha256-aa\nTEMPLATE x\n',
  ...{ parameters: 'stop "<|eot|>"', template: '{{ .Suffix }}', license: 'Llama', details },
  model_info: { 'general.architecture': 'llama', 'llama.context_length': 131_072 },
  capabilities: ['completion', 'tools', 'insert'],
  modified_at: listed.modified_at,
}

/** What a real Ollama says of its models is passed on. */
export function ollamaOwn(host: HostName): void {
  const relay = useRelay(host, {
    upstream: {
      persona: 'ollama',
      facts: factsAt({
        'GET /api/tags': { models: [listed] },
        'GET /api/ps': { models: [loaded] },
        'POST /api/show': (body) =>
          (body as { model: string }).model === 'llama3.2:latest' ? shown : undefined,
      }),
    },
    flags: ['--alias', 'small=llama3.2'],
  })

  it('is listed as there, also under an alias', async () => {
    const { models } = (await ask(relay.server, 'tags')) as { models: (typeof listed)[] }
    expect(models[0]).toEqual(listed)
    expect(models.find(({ name }) => name === 'small')).toEqual({
      ...listed,
      ...{ name: 'small', model: 'small:latest' },
    })
    // It lists no fields of this one.
    expect(models[1]).toMatchObject({
      name: 'qwen3:8b',
      size: 0,
      capabilities: ['completion', 'tools'],
    })
  })

  it.each(['llama3.2', 'llama3.2:latest', 'small'])('is described as there: %s', async (model) => {
    const answer = (await ask(relay.server, 'show', { model })) as Record<string, unknown>
    const { modelfile, ...rest } = answer
    const { modelfile: _, ...expected } = shown
    expect(rest).toEqual(expected)
    // The paths on that machine are nobody's business.
    expect(modelfile).not.toContain('/root')
    expect(modelfile).toContain('FROM ')
    expect(modelfile).toContain('TEMPLATE x')
    const asked = relay.upstream.requests.findLast(({ path }) => path === '/api/show')
    expect(asked?.body).toEqual({ model: 'llama3.2:latest', verbose: false })
    expect(asked?.headers['x-sluice-hop']).toMatch(/^[\w-]+$/)
  })

  it('is described by what is listed, where it refuses to tell more', async () => {
    expect(await ask(relay.server, 'show', { model: 'qwen3:8b' })).toMatchObject({
      capabilities: ['completion', 'tools'],
      model_info: { 'general.architecture': 'unknown' },
    })
  })

  it('is running as there', async () => {
    const { models } = (await ask(relay.server, 'ps')) as { models: object[] }
    const { modified_at: _, capabilities: __, ...running } = loaded
    expect(models).toEqual([running])
  })
}
