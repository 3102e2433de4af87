import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkEmbeddings } from '../../../../src/wire/contract/embeddings-answer.ts'
import { decodeVector, encodeVector } from '../../../../src/wire/embeddings/answer.ts'
import { ApiError } from '../../../../src/wire/errors/api-error.ts'
import { EngineErrors } from '../../../../src/wire/errors/engine-errors.ts'

const errors = new EngineErrors({ label: 'tei' })

function answer(...embeddings: unknown[]) {
  const data = embeddings.map((embedding, index) => ({ object: 'embedding', index, embedding }))
  return { object: 'list', data, model: 'm' }
}

describe('a vector in base64', () => {
  it('is the same 32-bit floats, little-endian, as every client reads them', () => {
    const vector = fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), { minLength: 1 })
    fc.assert(
      fc.property(vector, (numbers) => {
        const text = encodeVector(numbers)
        expect(decodeVector(text)).toEqual(numbers)
        const bytes = new Uint8Array(Buffer.from(text, 'base64'))
        expect([...new Float32Array(bytes.buffer)]).toEqual(numbers)
      }),
    )
  })

  it.each(['!', 'AAA=', 'AAAAAAA='])('is none: %s', (text) => {
    expect(decodeVector(text)).toBeUndefined()
  })
})

describe('an answer', () => {
  it('is given in the form that was asked for, whatever came', () => {
    const vectors = fc.integer({ min: 1, max: 5 }).chain((size) =>
      fc.array(
        fc.tuple(
          fc.boolean(),
          fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), {
            minLength: size,
            maxLength: size,
          }),
        ),
        { minLength: 1, maxLength: 5 },
      ),
    )
    fc.assert(
      fc.property(vectors, fc.constantFrom('float', 'base64', null, undefined), (all, format) => {
        const came = answer(
          ...all.map(([isText, vector]) => (isText ? encodeVector(vector) : vector)),
        )
        const input = all.map(() => 'x')
        const asked = { input, ...(format !== undefined && { encoding_format: format }) }
        const isOther = all.some(([isText]) => isText !== (format === 'base64'))
        expect(checkEmbeddings(came, asked, errors).repaired).toEqual(isOther ? ['encoding'] : [])
        const given = came.data.map(({ embedding }) => embedding)
        const wanted = all.map(([, vector]) =>
          format === 'base64' ? encodeVector(vector) : vector,
        )
        expect(given).toEqual(wanted)
      }),
    )
  })

  it.each([
    [{ prompt_tokens: 3, total_tokens: 3 }, 3],
    [{ prompt_tokens: 3 }, 3],
    [{ total_tokens: 4 }, 4],
    [{}, undefined],
    [null, undefined],
    ['many', undefined],
  ])('counts what it read: %j', (usage, total) => {
    const judged = checkEmbeddings({ ...answer([1]), usage }, { input: 'a' }, errors)
    expect(judged.usage?.total_tokens).toBe(total)
  })

  it.each([
    ['no object', null],
    ['no data', { object: 'list' }],
    ['no vector', answer()],
    ['one too many', answer([1], [1])],
    ['an empty vector', answer([])],
    ['a vector of text', answer(['1'])],
    ['an infinite number', answer([Number.POSITIVE_INFINITY])],
    ['an item that is none', { data: [null] }],
    ['an index that is another', { data: [{ index: 1, embedding: [1] }] }],
    ['an index that is text', { data: [{ index: '0', embedding: [1] }] }],
  ])('fails with %s', (_, value) => {
    expect(() => checkEmbeddings(value, { input: 'a' }, errors)).toThrow(/^tei sent /)
  })

  it('is judged whatever it is, and every fault is an error that a client may see', () => {
    const vector = fc.oneof(fc.jsonValue({ maxDepth: 1 }), fc.array(fc.double()), fc.base64String())
    const item = fc.record({ index: fc.nat(1), embedding: vector }, { requiredKeys: [] })
    const value = fc.oneof(
      fc.jsonValue(),
      fc.record({
        data: fc.oneof(fc.array(item, { maxLength: 2 }), fc.jsonValue()),
        usage: fc.jsonValue(),
      }),
    )
    const format = fc.constantFrom('float' as const, 'base64' as const)
    fc.assert(
      fc.property(value, format, fc.nat(2), (came, encoding_format, dimensions) => {
        const asked = { input: 'a', encoding_format, ...(dimensions > 0 && { dimensions }) }
        try {
          checkEmbeddings(came, asked, errors)
        } catch (error) {
          expect(error).toBeInstanceOf(ApiError)
          return
        }
        const [{ embedding }] = (came as { data: [{ embedding: unknown }] }).data
        expect(typeof embedding).toBe(encoding_format === 'base64' ? 'string' : 'object')
      }),
      { numRuns: 1_000 },
    )
  })
})
