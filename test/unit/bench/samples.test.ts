import { expect, test } from 'vitest'
import { Samples } from '../../../bench/samples.ts'

function filled(): Samples {
  const samples = new Samples()
  const rounds = [
    { direct: 100, nginx: 150, raw: 200, sluice: 220 },
    { direct: 110, nginx: 170, raw: 230, sluice: 240 },
    { direct: 90, nginx: 130, raw: 180, sluice: 210 },
  ]
  for (const [round, values] of rounds.entries()) {
    for (const [name, value] of Object.entries(values)) {
      samples.record(round, name, { 'ttft.p50': value })
    }
  }
  return samples
}

test('adds to what the upstream itself took in the same round', () => {
  const figure = filled().figure('nginx', 'ttft.p50', 'ttft.p50')
  expect(figure).toEqual({ median: 50, min: 40, max: 60, rounds: 3 })
})

test('a ratio is one of medians of what was added', () => {
  // Added by sluice: 120, 130, 120; by the raw fetch: 100, 120, 90.
  expect(filled().ratio('sluice', 'raw', 'ttft.p50', 'ttft.p50')).toBe(1.2)
  expect(filled().ratio('sluice', 'nginx', 'ttft.p50')).toBe(220 / 150)
})

test('what was not measured has no figure', () => {
  const samples = filled()
  samples.record(3, 'sluice', { 'ttft.p50': 5 })
  expect(samples.series('nginx', 'ttft.p50')).toEqual([150, 170, 130, Number.NaN])
  expect(samples.ratio('sluice', 'absent', 'ttft.p50')).toBeNaN()
  expect(samples.has('ttft.p50')).toBe(true)
  expect(samples.has('ttft.p99')).toBe(false)
})

test('a turn adds to what the round already knows', () => {
  const samples = new Samples()
  samples.record(0, 'nginx', { 'a.p50': 1 })
  samples.record(0, 'nginx', { 'b.p50': 2 })
  expect(samples.toJSON()).toEqual([{ nginx: { 'a.p50': 1, 'b.p50': 2 } }])
})
