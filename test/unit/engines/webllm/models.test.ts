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

describe("models of one's own", () => {
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
  ])('are refused by place: %j', (list, message) => {
    expect(() => readModelList(list, 'https://a.example/')).toThrow(message)
  })
})
