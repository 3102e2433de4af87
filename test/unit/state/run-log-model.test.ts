import fc from 'fast-check'
import { it } from 'vitest'
import { memoryRunLog } from '../../../src/state/memory-run-log.ts'
import { commands, compare, LEASE, type ModelSubject } from '../../state/run-log-model.ts'

it('a log in memory does as the model of a log', async () => {
  const property = fc.asyncProperty(commands, (list) => compare(list, [memorySubject()]))
  await fc.assert(property, { seed: 1, numRuns: 200 })
})

function memorySubject(): ModelSubject {
  let now = 0
  const log = memoryRunLog({ lease: LEASE, now: () => now })
  const pass = (ms: number) => {
    now += ms
  }
  return { name: 'memory', logs: [log, log], pass }
}
