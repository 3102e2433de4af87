import { memoryResponseStore } from '../../../src/state/response-store.ts'
import { responseStoreSuite } from '../../state/response-store-suite.ts'

responseStoreSuite('memory', (limits) => {
  const store = memoryResponseStore(limits)
  return { store, other: store }
})
