import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { shortCount, shortRate, shortTime } from '../../../../src/cli/top/format.ts'
import { cells, clip, padded, shown, wrapped } from '../../../../src/cli/top/text.ts'

const text = fc.string({ unit: 'grapheme', maxLength: 60 }).map(shown)

describe('text in cells', () => {
  it('counts wide characters twice, and what is drawn over others not at all', () => {
    expect(cells('abc')).toBe(3)
    expect(cells('モデル')).toBe(6)
    expect(cells('e\u0301')).toBe(1)
    expect(cells('👩‍👧')).toBe(2)
  })

  it('is cut between characters', () => {
    expect(clip('モデル', 5)).toBe('モデ…')
    expect(clip('モデル', 4)).toBe('モ…')
    expect(clip('abc', 2)).toBe('a…')
    expect(clip('abc', 0)).toBe('')
    expect(padded('ab', 4, 'right')).toBe('  ab')
  })

  it('takes exactly the cells of its column', () => {
    fc.assert(
      fc.property(text, fc.integer({ min: 0, max: 40 }), (given, width) => {
        expect(cells(padded(given, width))).toBe(width)
      }),
    )
  })

  it('is wrapped without losing anything but spaces', () => {
    expect(wrapped('one two three', 8)).toEqual(['one two', 'three'])
    expect(wrapped('one two three', 7)).toEqual(['one two', 'three'])
    expect(wrapped('one two three', 3)).toEqual(['one', 'two', 'thr', 'ee'])
    expect(wrapped('one two three', 8, true)).toEqual(['one two ', 'three'])
    expect(wrapped('a\n\n\tb', 8)).toEqual(['a', '', '    b'])
    fc.assert(
      fc.property(text, fc.integer({ min: 2, max: 40 }), (given, width) => {
        const lines = wrapped(given, width)
        expect(lines.join('').replaceAll(' ', '')).toBe(given.replaceAll(' ', ''))
        for (const line of lines) expect(cells(line)).toBeLessThanOrEqual(width)
      }),
    )
  })

  it('is only what is a text or a number', () => {
    expect([shown('a\u001b'), shown(7), shown(null), shown({}), shown(Number.NaN)]).toEqual([
      'a\\u001b',
      '7',
      '',
      '',
      '',
    ])
  })
})

describe('numbers', () => {
  it.each([
    [0, '0ms'],
    [999.4, '999ms'],
    [1_000, '1.00s'],
    [9_994, '9.99s'],
    [9_996, '10.0s'],
    [59_949, '59.9s'],
    [59_960, '1m00s'],
    [250_000, '4m10s'],
    [7_500_000, '2h05m'],
    [273_600_000, '3d4h'],
    [86_396_400_000, '999d23h'],
    [87_040_799_500, '1007d'],
    [-1, ''],
    [undefined, ''],
  ])('%s ms are %s', (ms, expected) => {
    expect(shortTime(ms)).toBe(expected)
  })

  it('stay short', () => {
    const counts = [0, 9_999, 10_000, 99_940, 99_950, 999_400, 999_500, 12_345_678]
    expect(counts.map(shortCount)).toEqual([
      '0',
      '9999',
      '10.0k',
      '99.9k',
      '100k',
      '999k',
      '1.0M',
      '12.3M',
    ])
    expect([0.04, 48.24, 99.94, 99.96, 1_234].map(shortRate)).toEqual([
      '0.0',
      '48.2',
      '99.9',
      '100',
      '1234',
    ])
  })

  it('never are wider than their columns', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1e11, noNaN: true }), (value) => {
        expect(shortTime(value).length).toBeLessThanOrEqual(7)
        if (value < 1e9) expect(shortCount(value).length).toBeLessThanOrEqual(6)
      }),
    )
  })
})
