import { it } from 'vitest'
import { compareRedis } from './run-log-model.ts'

/** SLUICE_TEST_SEED chooses another one. */
const seed = Number(process.env.SLUICE_TEST_SEED ?? Date.now() % 1_000_000)

it(`a log in Redis does as the model of a log, from seed ${seed} on`, async () => {
  await compareRedis({ seed, numRuns: 4_000 })
})
