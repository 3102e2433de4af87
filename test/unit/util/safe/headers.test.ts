import { expect, it } from 'vitest'
import { safeHeaders } from '../../../../src/util/safe/headers.ts'

it.each(['5', '2023-06-01', 'Thu, 01 Jan 1970 00:00:10 GMT', 'a\tb', '"~!', 'x'.repeat(2_000)])(
  'passes on %j',
  (value) => expect(safeHeaders({ name: value })).toEqual({ name: value }),
)

it.each([
  ...['', ' ', ' a', 'a ', '\ta', 'a\u0000b', '\u0001', 'a\nb', 'a\r\nset-cookie: b', '\u001f'],
  ...['\u007f', '\u0080', '\u00e9', '\u20ac', '\u{1f600}', 'x'.repeat(2_001)],
])('leaves out %j', (value) => expect(safeHeaders({ a: '1', name: value })).toEqual({ a: '1' }))

it('takes no headers for none', () => expect(safeHeaders(undefined)).toEqual({}))
