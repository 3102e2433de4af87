import { describe, expect, it } from 'vitest'
import { SCHEMA_URL } from '../../../../src/telemetry/traces/gen-ai.ts'
import { encodeJson } from '../../../../src/telemetry/traces/otlp-json.ts'
import { encodeProtobuf, rejectedSpans } from '../../../../src/telemetry/traces/otlp-protobuf.ts'
import type { SpanRecord } from '../../../../src/telemetry/traces/own-tracer.ts'
import { decodeJson, decodeProtobuf } from '../../../support/otlp-decode.ts'

const START = 1_790_000_000_123.456

const span = (changes: Partial<SpanRecord> = {}): SpanRecord => ({
  name: 'chat m',
  kind: 2,
  ids: { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', traceFlags: 1 },
  parent: { spanId: '00f067aa0ba902b7', isRemote: true },
  start: START,
  end: START + 1_000.5,
  attributes: {},
  events: [],
  status: undefined,
  ...changes,
})

const decoded = (spans: SpanRecord[], resource = {}) => {
  const json = decodeJson(encodeJson(spans, resource))
  expect(decodeProtobuf(encodeProtobuf(spans, resource))).toEqual(json)
  return json
}

describe('both formats of OTLP', () => {
  it('hold the same span', () => {
    const [received] = decoded([span()], { 'service.name': 'test' })
    expect(received).toMatchObject({
      ...{ traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' },
      ...{ parentSpanId: '00f067aa0ba902b7', name: 'chat m', kind: 'client', failed: false },
      ...{ flags: 0x301, resource: { 'service.name': 'test' }, schemaUrl: SCHEMA_URL },
    })
    expect(received?.start).toBeCloseTo(START, 2)
    expect(received?.end).toBeCloseTo(START + 1_000.5, 2)
  })

  it('hold every kind of value', () => {
    const attributes = {
      text: 'a',
      empty: '',
      'beyond ASCII': 'ä€😀',
      long: 'x'.repeat(70_000),
      zero: 0,
      integer: 1_234_567,
      large: Number.MAX_SAFE_INTEGER,
      negative: -5,
      double: 0.25,
      true: true,
      false: false,
      list: ['a', 'b'],
    }
    expect(decoded([span({ attributes })])[0]?.attributes).toEqual(attributes)
  })

  it('hold events, a status and a trace state, and no parent where there is none', () => {
    const [received] = decoded([
      span({
        events: [{ name: 'sluice.first_token', time: START + 5, attributes: { a: 1 } }],
        status: { code: 2 },
        parent: undefined,
        ids: { ...span().ids, traceState: { serialize: () => 'a=1' } as never },
      }),
    ])
    expect(received).toMatchObject({ failed: true, traceState: 'a=1', flags: 0x101 })
    expect(received?.parentSpanId).toBeUndefined()
    expect(received?.events).toMatchObject([{ name: 'sluice.first_token', attributes: { a: 1 } }])
  })

  it.each([0, 1, 2, 300])('hold %i spans', (count) => {
    const spans = Array.from({ length: count }, (_, index) =>
      span({ name: 'x'.repeat(index), attributes: { index } }),
    )
    expect(decoded(spans).map(({ attributes }) => attributes.index)).toEqual(
      spans.map((_, index) => index),
    )
  })
})

/** A field of bytes, whose length is shorter than 16,384. */
const field = (tag: number, bytes: number[]) => [
  tag,
  ...(bytes.length < 128 ? [bytes.length] : [(bytes.length % 128) + 128, bytes.length >> 7]),
  ...bytes,
]
const MESSAGE = field(
  0x12,
  Array.from({ length: 200 }, () => 0x61),
)
const FIVE = [0x08, 0x05]

describe('an answer in protobuf', () => {
  it.each([
    ['before a long message', field(0x0a, [...FIVE, ...MESSAGE])],
    ['after it', field(0x0a, [...MESSAGE, ...FIVE])],
    [
      'after fields that are not known',
      [0x10, 0x80, 0x01, ...field(0x0a, [0x1d, 1, 2, 3, 4, 0x21, 1, 2, 3, 4, 5, 6, 7, 8, ...FIVE])],
    ],
    ['before a later one without it', [...field(0x0a, FIVE), ...field(0x0a, MESSAGE)]],
  ])('says how many were rejected %s', (_, bytes) => {
    expect(rejectedSpans(new Uint8Array(bytes))).toBe(5)
  })

  it.each([
    [[], 0],
    [[0x0a, 0x00], 0],
    [[0x0a, 0x02, 0x08, 0x03], 3],
    [[0x0a, 0x03, 0x08, 0xac, 0x02], 300],
    [[0x0a, 0x05, 0x12, 0x03, 0x61, 0x62, 0x63], 0],
    [[0x0a, 0x02, 0x08, 0x80], 0],
    [[0x7b, 0x7d], 0],
    // A message that ends beyond the answer, a field that no longer exists, and a negative number.
    [[0x0a, 0x05, 0x08, 0x03], 0],
    [[0x0a, 0x04, 0x0b, 0x0c, 0x08, 0x03], 0],
    [[0x0a, 0x0b, 0x08, ...Array.from({ length: 9 }, () => 0xff), 0x01], 0],
  ])('%j: %i spans were rejected', (bytes, count) => {
    expect(rejectedSpans(new Uint8Array(bytes))).toBe(count)
  })
})
