import { expect, test } from 'vitest'
import { against } from '../../../bench/against.ts'
import { Samples } from '../../../bench/samples.ts'

const other = { name: 'other-bun', what: 'the same', rival: 'sluice-bun', commit: 'abcdef01' }
const figures = [
  { title: 'first token', figure: 'ttft.p50', base: 'ttft.p50' },
  { title: 'cold start', figure: 'cold.first' },
  { title: 'flood', figure: 'flood.rate', unit: 1e6, isMoreBetter: true },
]

type Round = Record<string, Record<string, number>>

function textOf(rounds: Round[]): string {
  const samples = new Samples()
  for (const [round, candidates] of rounds.entries()) {
    for (const [name, measured] of Object.entries(candidates)) {
      samples.record(round, name, measured)
    }
  }
  return against(samples, [other], figures)
}

/** The cells of the first row. */
function rowOf(rounds: Round[]): string[] {
  const row = textOf(rounds)
    .split('\n')
    .find((line) => line.startsWith('| sluice-bun'))
  return (row ?? '')
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim())
}

/** In each round this checkout measured one of the values, and the other one 100. */
function rounds(figure: string, values: number[]): Round[] {
  return values.map((value) => ({
    'sluice-bun': { [figure]: value },
    'other-bun': { [figure]: 100 },
  }))
}

test.each([
  ['a cost that fell', 'cold.first', [80, 82, 78], 'better by 20 %'],
  ['a cost that rose', 'cold.first', [104, 106, 105], 'worse by 5.0 %'],
  ['a rate that rose', 'flood.rate', [120, 121, 122], 'better by 21 %'],
  ['a rate that fell', 'flood.rate', [80, 82, 78], 'worse by 20 %'],
  ['a difference within the noise', 'cold.first', [80, 120, 95], 'no difference shown'],
  ['one round', 'cold.first', [80], 'too few rounds'],
])('the verdict on %s', (_, figure, values, verdict) => {
  expect(rowOf(rounds(figure, values)).at(-1)).toBe(verdict)
})

test('shows both figures, less what the upstream itself took, and the interval', () => {
  const round = (direct: number, own: number, before: number): Round => ({
    direct: { 'ttft.p50': direct },
    'sluice-bun': { 'ttft.p50': own },
    'other-bun': { 'ttft.p50': before },
  })
  expect(rowOf([round(10, 510, 1010), round(20, 520, 1020), round(30, 530, 1030)])).toEqual([
    'sluice-bun',
    'first token',
    '1000 (1000–1000)',
    '500 (500–500)',
    '0.50 ×',
    '0.50 × – 0.50 ×',
    'better by 50 %',
  ])
})

test('names the commit, and counts the verdicts', () => {
  const text = textOf(rounds('cold.first', [80, 82, 78]))
  expect(text).toMatch(/^\n## Against abcdef01\n/)
  expect(text).toContain('Better: 1 of 1 figures; worse: 0;')
})

test('says nothing where nothing was measured of both', () => {
  expect(textOf([{ 'sluice-bun': { 'cold.first': 1 } }])).toBe('')
})
