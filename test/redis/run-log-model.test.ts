import { it } from 'vitest'
import { compareRedis } from './run-log-model.ts'

it('a log in Redis does as the model of a log', () => compareRedis({ seed: 1, numRuns: 60 }))
