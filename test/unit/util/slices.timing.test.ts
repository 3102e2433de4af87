import { expect, test, vi } from 'vitest'
import { inSlices, takeTurns } from '../../../src/util/slices.ts'

const pause = () => new Promise<void>((resolve) => setTimeout(resolve, 0))

function work(ms: number): void {
  const until = performance.now() + ms
  while (performance.now() < until);
}

test('many works at a time give others a turn between any two slices', async () => {
  const order: string[] = []
  function* steps(name: string) {
    for (let step = 0; step < 4; step++) {
      work(2)
      order.push(name)
      yield
    }
  }
  let isOver = false
  const neighbour = () => {
    order.push('.')
    if (!isOver) setImmediate(neighbour)
  }
  setImmediate(neighbour)
  // Each begins in a turn of its own, as requests do.
  const works = Array.from('abcdefgh', async (name) => {
    await takeTurns(pause)
    await inSlices(steps(name), () => takeTurns(pause), 2)
  })
  await Promise.all(works)
  isOver = true
  const text = order.join('')
  expect(text.replaceAll('.', '')).toHaveLength(32)
  expect(text).not.toMatch(/[a-h]{2}/)
})

test('steps are counted where the clock stands still between two events', async () => {
  vi.spyOn(performance, 'now').mockReturnValue(5)
  let pauses = 0
  function* steps() {
    for (let step = 0; step < 12; step++) yield
  }
  await inSlices(steps(), async () => {
    pauses++
  })
  vi.restoreAllMocks()
  expect(pauses).toBe(3)
})
