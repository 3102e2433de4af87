import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { exactDigits, parseExact, withNumbers } from '../../../../src/wire/json/exact-integers.ts'
import { scanJson } from '../../../../src/wire/json/scan.ts'

function parse(text: string): unknown {
  const bytes = new TextEncoder().encode(text)
  return parseExact(bytes, scanJson(bytes), (part) => new TextDecoder().decode(part))
}

describe('an integer of many digits', () => {
  it.each([
    '{"seed":18446744073709551615}',
    '{"a":[-9223372036854775808,{"b":12345678901234567890123}],"c":"é 1"}',
    '{"a":[[9007199254740993]],"__proto__":{"b":9007199254740993},"__proto__x":1}',
    '9223372036854775807',
  ])('keeps them all: %s', (text) => {
    expect(JSON.stringify(parse(text))).toBe(text)
    const copy = { ...(parse(`{"x":${text}}`) as object), model: 'm' }
    expect(JSON.stringify(copy)).toBe(`{"x":${text},"model":"m"}`)
  })

  it('is a number where that says the same', () => {
    expect(parse('{"at":1790000000000000,"big":9007199254740992}')).toEqual({
      at: 1_790_000_000_000_000,
      big: 2 ** 53,
    })
  })

  it('can be told, and be made a number, without changing what is not copied', () => {
    const body = parse('{"seed":18446744073709551615,"a":{"b":[1]}}') as Record<string, unknown>
    expect(exactDigits(body.seed)).toBe('18446744073709551615')
    expect(exactDigits(5)).toBeUndefined()
    const plain = withNumbers(body)
    expect(plain).toEqual({ seed: 2 ** 64, a: { b: [1] } })
    expect(exactDigits(body.seed)).toBe('18446744073709551615')
    expect(withNumbers(plain)).toBe(plain)
  })

  it('makes no JSON of what is none', () => {
    for (const text of [
      '{1234567890123456789:1}',
      '[12345678901234567890x]',
      '[x12345678901234567890]',
      '[--12345678901234567890]',
      '[01234567890123456789]',
      '["a"12345678901234567890]',
    ]) {
      expect(() => parse(text), text).toThrow(SyntaxError)
    }
  })
})

it('reads any other JSON as JSON.parse does', () => {
  const long = fc.bigInt({ min: -(2n ** 80n), max: 2n ** 80n }).map(String)
  fc.assert(
    fc.property(fc.json({ maxDepth: 4 }), long, (json, digits) => {
      expect(parse(json)).toEqual(JSON.parse(json))
      expect(JSON.stringify(parse(`[${json},${digits}]`))).toBe(
        `[${JSON.stringify(JSON.parse(json))},${digits}]`,
      )
    }),
    { numRuns: 1_000 },
  )
})
