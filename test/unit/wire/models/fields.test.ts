import { expect, it } from 'vitest'
import { createHostedHandler } from '../../../../src/handler.ts'
import { modelFields } from '../../../../src/wire/models/fields.ts'

/** One entry as llama-server's router lists it; every text with SECRET must stay there. */
const ROUTED = {
  ...{ id: 'org/m-GGUF:Q4_K_M', object: 'model', owned_by: 'llamacpp', created: 1764000000 },
  ...{ aliases: ['m'], tags: ['chat'], in_cache: true, path: '/home/SECRET/m.gguf' },
  status: {
    value: 'loaded',
    args: ['/opt/SECRET/llama-server', '--api-key', 'SECRET', '-m', '/home/SECRET/m.gguf'],
    preset: '[m]\napi-key = SECRET\n',
  },
  meta: { n_vocab: 151936, n_ctx_train: 40960, size: 4.2e9, path: 'SECRET', nested: { a: 1 } },
  architecture: { input_modalities: ['text', 'image'], chat_template: 'SECRET' },
}

const PUBLIC = {
  ...{ id: 'org/m-GGUF:Q4_K_M', object: 'model', owned_by: 'llamacpp', created: 1764000000 },
  ...{ aliases: ['m'], tags: ['chat'], status: { value: 'loaded' } },
  meta: { n_vocab: 151936, n_ctx_train: 40960, size: 4.2e9 },
  architecture: { input_modalities: ['text', 'image'] },
}

it('passes what clients read of a model, and nothing of how it is run', () => {
  expect(modelFields(ROUTED)).toEqual(PUBLIC)
  expect(JSON.stringify(modelFields(ROUTED))).not.toContain('SECRET')
})

it.each([
  { max_model_len: 8192 },
  { context_length: 4096, name: 'A model', capabilities: { vision: true, completion: false } },
  { state: 'not-loaded', arch: 'llama', quantization: 'Q4', max_context_length: 131072 },
  { capabilities: ['tools', 'vision'], display_name: 'A model', supported_parameters: ['top_p'] },
  { kind: 'chat', loaded: true, memory_mb: 900, weights: 'https://huggingface.co/org/m/' },
  { tools: true, context_bytes_per_token: 32_768, context_reduced_from: 8_192 },
])('passes %j', (fields) => {
  expect(modelFields({ id: 'm', ...fields })).toEqual({ id: 'm', ...fields })
})

it.each<object>([
  { root: '/models/SECRET', parent: '/models/SECRET', permission: [{ id: 'SECRET' }] },
  { weights: 'file:///home/SECRET', preset: 'SECRET', args: ['SECRET'], path: 'SECRET' },
  { weights: 'https://user:SECRET@example.com/m' },
  { meta: ['SECRET'], status: 'SECRET', architecture: 'SECRET', capabilities: { a: 'SECRET' } },
  { max_model_len: '/SECRET', created: { SECRET: 1 }, owned_by: ['SECRET'], aliases: 'SECRET' },
  { display_name: 'SECRET'.repeat(100), constructor: 'SECRET', __proto__: 'SECRET' },
])('drops %j', (fields) => {
  expect(modelFields({ id: 'm', ...fields })).toEqual({ id: 'm' })
})

it('is what every key is shown, of the list as of one model', async () => {
  const { fetch } = createHostedHandler(
    { upstream: [{ label: 'gpu', url: 'http://gpu/v1' }], insecure: true },
    { fetch: async () => Response.json({ data: [ROUTED] }) },
  )
  const get = async (path: string) =>
    (await fetch(new Request(`http://localhost/v1/models${path}`))).text()
  const size = { context_length: 40_960, max_input_tokens: 40_960 }
  const shown = { ...PUBLIC, ...size, loaded: true }
  expect(JSON.parse(await get(''))).toMatchObject({ data: [shown, { id: 'static' }] })
  expect(JSON.parse(await get('/m'))).toEqual(shown)
  expect((await get('')) + (await get('/m'))).not.toContain('SECRET')
})
