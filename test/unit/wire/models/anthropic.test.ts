import { describe, expect, it } from 'vitest'
import { modelInfo, modelPage } from '../../../../src/wire/models/anthropic.ts'

const models = ['a', 'b', 'c', 'd', 'e'].map((id) => ({ id }))
const page = (query: string) => {
  const { data, ...rest } = modelPage(models, new URLSearchParams(query))
  return { ids: data.map(({ id }) => id).join(''), ...rest }
}

describe('a page of models', () => {
  it.each<[string, string, boolean]>([
    ['', 'abcde', false],
    ['limit=2', 'ab', true],
    ['limit=5', 'abcde', false],
    ['limit=2&after_id=b', 'cd', true],
    ['limit=2&after_id=c', 'de', false],
    ['limit=2&before_id=e', 'cd', true],
    ['limit=2&before_id=c', 'ab', false],
    ['limit=9&before_id=c', 'ab', false],
  ])('%j', (query, ids, has_more) => {
    const [first_id, last_id] = [ids.at(0), ids.at(-1)]
    expect(page(query)).toEqual({ ids, has_more, first_id, last_id })
  })

  it('may be empty', () => {
    expect(page('after_id=e')).toEqual({ ids: '', has_more: false, first_id: null, last_id: null })
    expect(page('before_id=a')).toMatchObject({ ids: '', has_more: false })
  })

  it('has twenty where nobody says how many', () => {
    const many = Array.from({ length: 30 }, (_, id) => ({ id: String(id) }))
    expect(modelPage(many, new URLSearchParams())).toMatchObject({ has_more: true, last_id: '19' })
  })

  it.each([
    ['limit', 'limit=0'],
    ['limit', 'limit=1001'],
    ['limit', 'limit=x'],
    ['limit', 'limit=-1'],
    ['after_id', 'after_id=z'],
    ['before_id', 'before_id=z'],
    ['before_id', 'before_id=a&after_id=b'],
  ])('is refused by %s: %s', (param, query) => {
    expect(() => page(query)).toThrow(expect.objectContaining({ status: 400, param }))
  })
})

describe('a model', () => {
  it('says what is known of it', () => {
    expect(modelInfo({ id: 'm', created: 1_790_000_000, max_model_len: 4096 })).toMatchObject({
      id: 'm',
      display_name: 'm',
      created_at: '2026-09-21T14:13:20.000Z',
      max_input_tokens: 4096,
      max_tokens: null,
    })
  })

  it.each<[object, number | null]>([
    [{ max_model_len: 4096 }, 4096],
    [{ meta: { n_ctx: 8192, n_ctx_train: 131_072 } }, 8192],
    [{ meta: { n_ctx_train: 131_072 } }, 131_072],
    [{ meta: { n_ctx: 0, n_ctx_train: 131_072 } }, 131_072],
    [{ meta: 'x', max_model_len: 'long' }, null],
    [{}, null],
  ])('takes as many tokens as its server tells: %j', (told, expected) => {
    expect(modelInfo({ id: 'm', ...told }).max_input_tokens).toBe(expected)
  })

  it.each([undefined, null, 'x', -1, Number.NaN, 1e300])(
    'was made at %j: nobody knows when',
    (created) => {
      expect(modelInfo({ id: 'm', created }).created_at).toBe('1970-01-01T00:00:00.000Z')
    },
  )
})
