import fc from 'fast-check'
import { expect, it } from 'vitest'
import { CustomToolInput } from '../../../../src/dialects/responses/custom-tool-input.ts'

/** The pieces of a text that a custom tool's arguments in these pieces tell. */
function decode(pieces: string[]): { told: string[]; text: string } {
  const input = new CustomToolInput()
  const told = pieces.map((piece) => input.add(piece))
  told.push(input.end())
  expect(told.join('')).toBe(input.text)
  return { told, text: input.text }
}

/** The text in pieces that end at these places. */
function cut(text: string, places: number[]): string[] {
  const ends = [...new Set(places.map((place) => place % (text.length + 1)))].sort((a, b) => a - b)
  return [...ends, text.length].map((end, at) => text.slice(ends[at - 1] ?? 0, end))
}

const words = fc.string({
  unit: fc.constantFrom('a', '"', '\\', '\n', '\u0001', 'é', '🤔', '\u2028'),
})

/** JSON escapes whatever it likes. */
function escaped(text: string): string {
  return JSON.stringify(text).replace(/[^ -~]/g, (unit) => {
    return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
}

it('is the text, wherever the arguments are cut', () => {
  const cuts = fc.array(fc.nat(), { maxLength: 9 })
  const property = fc.property(words, cuts, fc.boolean(), (text, places, escapes) => {
    const json = escapes ? escaped(text) : JSON.stringify(text)
    const { told, text: decoded } = decode(cut(` {"input" : ${json}}\n`, places))
    expect(decoded).toBe(text)
    // No piece ends within a character: not every client could read it.
    expect(told.every((piece) => piece.isWellFormed())).toBe(true)
  })
  fc.assert(property, { numRuns: 500 })
})

it('comes as it grows', () => {
  const { told } = decode(['{"input":"', 'one', ' two\\', 'n', '\\u00', 'e9', '"', '}'])
  expect(told).toEqual(['', 'one', ' two', '\n', '', 'é', '', '', ''])
})

it.each<[string, string]>([
  ['{"input":"cut o', 'cut o'],
  ['{"input":"a\\', 'a'],
  ['{"input":"a\\q"}', 'a\\q'],
  ['{"input":"a","more":1}', 'a'],
  ['{"more":1,"input":"a"}', 'a'],
  ['{"patch":"a"}', 'a'],
  ['{"patch":"a","file":"b"}', '{"patch":"a","file":"b"}'],
  ['{"input":{"a":1}}', '{"input":{"a":1}}'],
  ['"a\\nb"', 'a\nb'],
  ['*** Begin Patch\n', '*** Begin Patch\n'],
  [`${'x'.repeat(99)} {"input":"a"}`, `${'x'.repeat(99)} {"input":"a"}`],
  ['{}', ''],
  ['', ''],
  ['[1]', '[1]'],
])('loses nothing of %j', (json, text) => {
  expect(decode([...json]).text).toBe(text)
  expect(decode([json]).text).toBe(text)
})
