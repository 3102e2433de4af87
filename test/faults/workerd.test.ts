import { faults } from './suite.ts'

faults('workerd')
