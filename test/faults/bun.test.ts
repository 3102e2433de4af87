import { faults } from './suite.ts'

faults('bun')
