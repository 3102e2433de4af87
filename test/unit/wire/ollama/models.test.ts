import { describe, expect, it } from 'vitest'
import type { ListedModel } from '../../../../src/wire/models/anthropic.ts'
import { capabilitiesOf } from '../../../../src/wire/ollama/capabilities.ts'
import { ollamaTag, runningModel, shownModel } from '../../../../src/wire/ollama/models.ts'

describe('capabilities', () => {
  it.each<[string, Omit<ListedModel, 'id'>, string]>([
    ['nothing', {}, 'completion tools'],
    [
      'llama-server with a projector',
      llama(['completion', 'multimodal']),
      'completion tools vision',
    ],
    ['LM Studio', { type: 'vlm', capabilities: ['tool_use'] }, 'completion tools vision'],
    ['LM Studio, without tools', { type: 'llm', capabilities: [] }, 'completion'],
    ['LM Studio, embeddings', { type: 'embeddings' }, 'embedding'],
    ['Mistral', { capabilities: { completion_chat: true, function_calling: false } }, 'completion'],
    [
      'Mistral, vision',
      { capabilities: { function_calling: true, vision: true } },
      'completion tools vision',
    ],
    ['Mistral, code', { capabilities: { completion_fim: true } }, 'completion tools insert'],
    ['OpenRouter', { supported_parameters: ['tools', 'reasoning'] }, 'completion tools thinking'],
    ['OpenRouter, neither', { supported_parameters: ['seed'] }, 'completion'],
    [
      'OpenRouter, images',
      { architecture: { input_modalities: ['text', 'image'] } },
      'completion tools vision',
    ],
    ['sound', { input_modalities: ['text', 'audio'] }, 'completion tools audio'],
    ['web-llm', { kind: 'embedding' }, 'embedding'],
    ['a text', { capabilities: 'vision', type: 7 }, 'completion tools'],
  ])('are told from what is listed: %s', (_, fields, expected) => {
    expect(capabilitiesOf({ id: 'm', ...fields }, true).join(' ')).toBe(expected)
  })

  it('are without tools where no server could take them', () => {
    expect(capabilitiesOf({ id: 'm' }, false)).toEqual(['completion'])
    expect(capabilitiesOf({ id: 'm', capabilities: ['tools'] }, false)).toEqual([
      ...['completion', 'tools'],
    ])
  })

  it.each([
    ...[
      'nomic-embed-text',
      'nomic-embed-text:latest',
      'Qwen/Qwen3-Embedding-8B',
      'embeddinggemma-x',
    ],
    ...['text-embedding-3-small', 'mxbai-embed-large', 'snowflake-arctic-embed:335m'],
  ])('of a model whose name says it embeds: %s', (id) => {
    const isOne = !id.startsWith('embeddinggemma')
    expect(capabilitiesOf({ id }, true).join()).toBe(isOne ? 'embedding' : 'completion,tools')
  })
})

function llama(capabilities: string[]) {
  return { owned_by: 'llamacpp', capabilities }
}

describe('fields', () => {
  const known = (model: ListedModel, own?: object) => ({
    ...{ model, digest: 'd', capabilities: ['completion'] as const },
    own: own as Record<string, unknown> | undefined,
  })

  it.each([
    [8_190_735_360, '8.2B'],
    [494_032_768, '494M'],
    [70_000_000_000, '70B'],
    [12_345, '12.3K'],
    [0, ''],
    [-5, ''],
    [1.5, ''],
    [undefined, ''],
  ])('have a count of parameters as Ollama writes it: %s', (n_params, expected) => {
    const tag = ollamaTag(known({ id: 'm', meta: { n_params } }))
    expect(tag.details.parameter_size).toBe(expected)
  })

  it('have a time that every client can read', () => {
    for (const created of [undefined, -1, 1e300, 'x', Number.NaN]) {
      expect(ollamaTag(known({ id: 'm', created })).modified_at).toBe('1970-01-01T00:00:00.000Z')
    }
    // Python parses this one as a time, Go shows it as "Forever".
    expect(runningModel(known({ id: 'm' })).expires_at).toBe('9999-12-31T23:59:59Z')
  })

  it('have memory of the GPU where it is known', () => {
    expect(runningModel(known({ id: 'm', memory_mb: 900 })).size_vram).toBe(900_000_000)
  })

  it('name parameters without an empty line, which Continue could not read', () => {
    const { parameters } = shownModel(known({ id: 'm', max_input_tokens: 8192 }))
    for (const line of String(parameters).split('\n')) expect(line).toMatch(/^num_ctx\s+8192$/)
  })

  it('of a Modelfile name no file', () => {
    const modelfile = [
      '# To build a new Modelfile based on this, replace FROM with:',
      '# FROM /usr/share/x',
      'FROM /usr/share/ollama/blobs/sha256-1',
      'FROM C:\\Users\\ann\\.ollama\\blobs\\sha256-1',
      'FROM \\\\server\\share\\x',
      'ADAPTER /home/ann/lora.gguf',
      'TEMPLATE """FROM the start /x"""',
      'FROM qwen3:8b',
    ].join('\n')
    const shown = shownModel(known({ id: 'm' }, { model_info: {}, modelfile }))
    expect(shown.modelfile).toBe(
      [
        '# To build a new Modelfile based on this, replace FROM with:',
        ...['# FROM m', 'FROM m', 'FROM m', 'FROM m'],
        'TEMPLATE """FROM the start /x"""',
        'FROM qwen3:8b',
      ].join('\n'),
    )
  })
})
