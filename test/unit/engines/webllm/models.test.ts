import { prebuiltAppConfig } from '@mlc-ai/web-llm'
import { describe, expect, it } from 'vitest'
import { runnableModels, toModel } from '../../../../src/engines/webllm/models.ts'
import { readModelList } from '../../../../src/engines/webllm/own-models.ts'
import type { ModelRecord } from '../../../../src/engines/webllm/webllm.ts'

const prebuilt = prebuiltAppConfig.model_list as ModelRecord[]
const large = { features: new Set(['shader-f16']), maxStorageBufferBindingSize: 2 ** 31 }

describe('what a GPU can run', () => {
  it('is everything on a large one', () => {
    expect(runnableModels(prebuilt, large).length).toBe(prebuilt.length)
  })

  it('needs the features and buffers that a model needs', () => {
    const plain = runnableModels(prebuilt, { ...large, features: new Set() })
    expect(plain.length).toBeGreaterThan(10)
    expect(plain.length).toBeLessThan(prebuilt.length)
    expect(plain.every(({ required_features = [] }) => required_features.length === 0)).toBe(true)
    const [first] = prebuilt
    const demanding = [{ ...(first as ModelRecord), buffer_size_required_bytes: 2 ** 32 }]
    expect(runnableModels(demanding, large)).toEqual([])
  })

  it('stays below the memory that the person allows', () => {
    const small = runnableModels(prebuilt, large, 1_000)
    expect(small.length).toBeGreaterThan(3)
    expect(small.every(({ vram_required_MB = 0 }) => vram_required_MB <= 1_000)).toBe(true)
  })
})

it('describes a model in whole numbers', () => {
  const model = toModel(prebuilt[0] as ModelRecord, undefined)
  expect(model).toMatchObject({ object: 'model', owned_by: 'web-llm', loaded: false })
  expect(Number.isInteger(model.memory_mb)).toBe(true)
})

it.each([
  ['Qwen3-4B-q4f16_1-MLC', true],
  ['Qwen2.5-Coder-7B-Instruct-q4f16_1-MLC', true],
  ['Hermes-3-Llama-3.2-3B-q4f16_1-MLC', true],
  ['Llama-3.2-1B-Instruct-q4f16_1-MLC', true],
  ['Llama-3-8B-Instruct-q4f16_1-MLC', false],
  ['Qwen3.5-4B-q4f16_1-MLC', false],
  ['Qwen2.5-Math-1.5B-Instruct-q4f16_1-MLC', false],
  ['gemma-2-2b-it-q4f16_1-MLC', false],
  ['DeepSeek-R1-Distill-Qwen-7B-q4f16_1-MLC', false],
])('says whether %s calls tools: %s', (id, tools) => {
  const found = prebuilt.find(({ model_id }) => model_id === id)
  expect(toModel(found as ModelRecord, undefined).tools).toBe(tools)
})

describe("models of one's own", () => {
  it('call tools as the family does that they name', () => {
    const own = readModelList([{ ...mine, tool_form: 'Llama-3.1-' }, mine], 'https://a.example/')
    expect(own.map((record) => toModel(record, undefined).tools)).toEqual([true, false])
  })

  const mine = { model: 'weights', model_id: 'mine', model_lib: 'https://b.example/lib.wasm' }

  it('have their URLs from where the list lies', () => {
    for (const list of [[mine], { model_list: [mine] }]) {
      expect(readModelList(list, 'https://a.example/models/list.json')).toEqual([
        { ...mine, model: 'https://a.example/models/weights' },
      ])
    }
  })

  it.each([
    [null, 'model_list: expected a list of models.'],
    [{ models: [] }, 'model_list: expected a list of models.'],
    [[mine, 3], 'model_list[1]: expected an object with model, model_id and model_lib.'],
    [
      [{ ...mine, model_lib: undefined }],
      'model_list[0].model_lib: expected a string that is not empty.',
    ],
    [
      [{ ...mine, required_features: 'f16' }],
      'model_list[0].required_features: expected a value of type array.',
    ],
    [
      [{ ...mine, tool_form: 'Gemma' }],
      'model_list[0].tool_form: expected one of Qwen3-, Qwen2.5-7B-Instruct-, Hermes-3-, Llama-3.1-.',
    ],
  ])('are refused by place: %j', (list, message) => {
    expect(() => readModelList(list, 'https://a.example/')).toThrow(message)
  })
})
