import { expect, it } from 'vitest'
import { createHandler, defineEngine } from '../../../../src/index.ts'

it('an engine of code tells the sizes of its contexts, and so do the built-in models', async () => {
  const own = defineEngine({
    label: 'own',
    models: [
      { id: 'wide', context_length: 32_768, max_output_tokens: 1024 },
      { id: 'claude-own', display_name: 'Mine', max_model_len: 4096 },
      'plain',
    ],
    // biome-ignore lint/correctness/useYield: it is never asked.
    async *chat() {
      throw new Error('It was asked.')
    },
  })
  const handler = createHandler({ engines: [own], insecure: true, staticText: 'One two three.' })
  const get = async (headers = {}) => {
    const response = await handler.fetch(new Request('http://localhost/v1/models', { headers }))
    return ((await response.json()) as { data: object[] }).data
  }
  const listed = { object: 'model', created: 0 }
  expect(await get()).toEqual([
    {
      ...{ id: 'wide', ...listed, owned_by: 'own' },
      ...{ context_length: 32_768, max_input_tokens: 32_768, max_output_tokens: 1024 },
    },
    {
      ...{ id: 'claude-own', ...listed, owned_by: 'own', display_name: 'Mine' },
      ...{ max_model_len: 4096, context_length: 4096, max_input_tokens: 4096 },
    },
    { id: 'plain', ...listed, owned_by: 'own' },
    { id: 'static', ...listed, owned_by: 'sluice', max_output_tokens: 3 },
  ])
  expect(await get({ 'anthropic-version': '2023-06-01' })).toMatchObject([
    { id: 'wide', display_name: 'wide', max_input_tokens: 32_768, max_tokens: 1024 },
    { id: 'claude-own', display_name: 'Mine', max_input_tokens: 4096, max_tokens: null },
    { id: 'plain', max_input_tokens: null, max_tokens: null },
    { id: 'static', max_input_tokens: null, max_tokens: 3 },
  ])
})
