import { describe, expect, it } from 'vitest'
import { ModelNames } from '../../../../src/engines/upstream/model-names.ts'

function models(...ids: string[]) {
  return ids.map((id) => ({ id, object: 'model' as const, created: 1, owned_by: '' }))
}

describe('an allow-list', () => {
  it.each([
    [undefined, 'anything', true],
    [['qwen3:8b'], 'qwen3:8b', true],
    [['qwen3:8b'], 'qwen3:8', false],
    [['qwen3*'], 'qwen3:8b', true],
    [['*-instruct'], 'org/m-instruct', true],
    [['*-instruct'], 'org/m-base', false],
    [['a.c'], 'abc', false],
    [['*'], 'a\nb', true],
    [['llama3.2'], 'llama3.2:latest', true],
    [['llama3.2:latest'], 'llama3.2', true],
    [['a', 'b'], 'ab', false],
  ])('%j and %j: %s', (list, name, takes) => {
    expect(new ModelNames({ models: list }).acceptsModel(name)).toBe(takes)
  })
})

describe('other names', () => {
  const names = new ModelNames({ rewrite: { gpt: 'org/M', llama: 'llama3.2', none: 'missing' } })

  it('are listed where what they stand for is', () => {
    const listed = names.visibleModels(models('org/M', 'llama3.2:latest', 'x'))
    expect(listed.map(({ id }) => id)).toEqual(['gpt', 'llama', 'org/M', 'llama3.2:latest', 'x'])
  })

  it('go before an upstream’s own', () => {
    const listed = names.visibleModels(models('gpt', 'org/M'))
    expect(listed.map(({ id }) => id)).toEqual(['gpt', 'org/M'])
  })

  it('are put into its words in what is sent', () => {
    expect(names.renamed({ model: 'gpt', n: 1 })).toEqual({ model: 'org/M', n: 1 })
    const request = { model: 'x' }
    expect(names.renamed(request)).toBe(request)
    expect(names.renamed({ model: null })).toEqual({ model: null })
    expect(names.renamed({ model: 'toString' })).toEqual({ model: 'toString' })
  })
})
