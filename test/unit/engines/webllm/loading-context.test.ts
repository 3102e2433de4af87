import { describe, expect, it } from 'vitest'
import { Contexts } from '../../../../src/engines/webllm/contexts.ts'
import { Webllm } from '../../../../src/engines/webllm/webllm.ts'
import { createHostedHandler } from '../../../../src/handler.ts'
import { createStandIn, mlcError, record, type Script } from '../../../support/mlc.ts'

const own = { ...record, model_id: 'Llama-3.2-1B-Instruct-q4f16_1-MLC' }
const signal = new AbortController().signal

function create(script: Partial<Script> = {}) {
  const { mlc, seen } = createStandIn(script)
  const contexts = new Contexts({ maxStorageBufferBindingSize: 2 ** 30 })
  const texts: string[] = []
  const onProgress = ({ text }: { text: string }) => texts.push(text)
  const engine = new Webllm(mlc, { records: [own], contexts, onProgress })
  const length = async () => (await engine.models())[0]?.context_length
  return { engine, seen, texts, length }
}

describe('a model is loaded', () => {
  it('with the context that its entry states', async () => {
    const { engine, seen, length } = create()
    await engine.load(own.model_id, signal)
    expect(seen.contexts).toEqual([32_768])
    expect(await length()).toBe(32_768)
  })

  it.each([
    mlcError('DeviceLostError', 'The WebGPU device was lost while loading the model.'),
    new Error('Failed to execute createBuffer: Out of memory'),
  ])('with the stated context where the memory is too small: %s', async (failLoad) => {
    const { engine, seen, texts, length } = create({ failLoad })
    await engine.load(own.model_id, signal)
    expect(seen.contexts).toEqual([32_768, undefined])
    expect(texts.at(-1)).toMatch(/context of 32768 tokens does not fit.*4096/)
    expect(await length()).toBe(4_096)
    expect((await engine.models())[0]).toMatchObject({ context_reduced_from: 32_768, loaded: true })
    await engine.unload()
    await engine.load(own.model_id, signal)
    expect(seen.contexts).toEqual([32_768, undefined, undefined])
  })

  it('once where its files are the reason', async () => {
    const { engine, seen } = create({ failLoad: new Error('404') })
    await expect(engine.load(own.model_id, signal)).rejects.toMatchObject({
      code: 'model_load_failed',
    })
    expect(seen.contexts).toEqual([32_768])
  })

  it('with the stated context where the GPU is lost by the first prompt', async () => {
    const failPrefill = mlcError('DeviceLostError', 'The device was lost.')
    const { engine, seen, length } = create({ failPrefill })
    const { items } = (await engine.chat(
      { model: own.model_id, messages: [{ role: 'user', content: 'Hello' }], stream: true },
      signal,
    )) as { items: AsyncIterator<unknown> }
    expect((await items.next()).done).not.toBe(true)
    expect(seen.contexts).toEqual([32_768, undefined])
    expect(await length()).toBe(4_096)
    await items.return?.()
  })
})

it('is listed with its context, what that costs, and whether it calls tools', async () => {
  const { engine } = create()
  const hosted = { engines: [engine], exposure: 'machine' } as const
  const handler = createHostedHandler({ discover: false }, hosted)
  const list = await handler.fetch(new Request('http://localhost/v1/models'))
  const { data } = (await list.json()) as { data: { id: string }[] }
  expect(data.find(({ id }) => id === own.model_id)).toMatchObject({
    context_length: 32_768,
    max_context_length: 131_072,
    context_bytes_per_token: 32_768,
    memory_mb: 1_797,
    tools: true,
  })
})
