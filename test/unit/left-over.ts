import { getHeapStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as (options: { type: 'minor' }) => void

const RUNS = 5
const COUNT = 3_000

/**
 * Bytes that each of many calls of `act`, of which nothing is needed any more, leaves to V8's next full garbage
 * collection: the median of some runs, as one that such a collection interrupts shows nothing. What a request
 * leaves to it is copied twice by small ones.
 */
export function leftOver(act: () => void): number {
  const runs = Array.from({ length: RUNS }, () => leftOfRun(act)).sort((a, b) => a - b)
  return runs[Math.floor(RUNS / 2)] as number
}

function leftOfRun(act: () => void): number {
  const before = settle()
  for (let count = 0; count < COUNT; count++) {
    act()
    if (count % 500 === 0) settle()
  }
  return (settle() - before) / COUNT
}

/** Bytes in use after small collections: what has survived two of them is not looked at by a third. */
function settle(): number {
  for (let times = 0; times < 3; times++) collect({ type: 'minor' })
  return getHeapStatistics().used_heap_size
}
