import { expect, test } from 'vitest'
import { comparison } from '../../../bench/comparison.ts'
import { Samples } from '../../../bench/samples.ts'

function filled(): Samples {
  const samples = new Samples()
  const rounds = [
    { 'sluice-bun': 300, 'native-bun': 100 },
    { 'sluice-bun': 60, 'native-bun': 20 },
    { 'sluice-bun': 90, 'native-bun': 30 },
  ]
  for (const [round, rates] of rounds.entries()) {
    for (const [name, rate] of Object.entries(rates)) {
      samples.record(round, name, { 'flood.rate': rate })
    }
  }
  return samples
}

test('a rival is divided by the candidate, round by round', () => {
  const rows = comparison(filled(), ['direct', 'sluice-bun', 'native-bun'])
    .split('\n')
    .filter((line) => line.startsWith('| sluice-bun / native-bun '))
  expect(rows).toHaveLength(1)
  const [, , figure, ratio, interval] = rows[0]?.split('|').map((cell) => cell.trim()) ?? []
  expect(figure).toBe('flood (more is better)')
  expect(ratio).toBe('3.00 ×')
  expect(interval).toBe('3.00 × – 3.00 ×')
})

test.each([[['sluice-bun']], [['native-bun']], [['sluice-bun', 'native-node']]])(
  'nothing is compared where only %j was asked for',
  (only) => {
    expect(comparison(filled(), only)).toBe('')
  },
)
