/** Values and fields that requests of several APIs have. */
import fc from 'fast-check'

/**
 * A text that is replaced by the digits behind it when the body is written: integers that a number
 * of JavaScript cannot hold.
 */
export const INTEGER = '@integer:'

export const text = fc.oneof(
  { weight: 4, arbitrary: fc.string({ unit: 'grapheme', maxLength: 12 }) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 4 }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      ...[
        '',
        ' ',
        '\ud800',
        '\u0000',
        '__proto__',
        'constructor',
        'data:,x',
        '\u202e',
        'a'.repeat(500),
      ],
    ),
  },
)
export const name = fc.constantFrom('f', 'get_weather', 'a-b', '__proto__', 'toString')
export const big = fc.constantFrom(
  '18446744073709551615',
  '-9223372036854775808',
  '9007199254740993',
)
export const integer = big.map((digits) => INTEGER + digits)
export const schema = fc.oneof(
  fc.constantFrom({ type: 'object' }, { type: 'object', properties: {} }, {}),
  fc.record({ type: fc.constant('object'), maximum: integer, required: fc.constant(['x']) }),
)
export const image = fc.constantFrom('data:image/png;base64,AAAA', 'https://x.test/a.png')

/** All of these fields, each present or not. */
export function some(fields: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<object> {
  return fc.record(fields, { requiredKeys: [] })
}

export const sampling = {
  temperature: fc.constantFrom(0, 1, 0.5, 2, null),
  top_p: fc.constantFrom(1, 0.1, null),
  seed: fc.oneof(fc.nat(), integer),
  stop: fc.oneof(text, fc.array(text, { maxLength: 3 }), fc.constant(null)),
  user: text,
  extra_field: fc.oneof(fc.jsonValue({ maxDepth: 2 }), integer),
}

export function merged([one, other]: [object, object]): object {
  return { ...one, ...other }
}
