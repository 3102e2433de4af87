import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, it } from 'vitest'
import { hangUps } from '../../support/hang-ups.ts'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

function used(): number {
  collect()
  return process.memoryUsage().heapUsed
}

it('a thousand hang-ups leave nothing behind', async () => {
  await hangUps(200)
  const before = used()
  await hangUps(1_000)
  expect((used() - before) / 2 ** 20).toBeLessThan(10)
}, 120_000)
