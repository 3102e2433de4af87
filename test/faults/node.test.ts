import { faults } from './suite.ts'

faults('node')
