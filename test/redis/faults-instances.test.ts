import { describe } from 'vitest'
import { instanceFaults } from './faults-instances.ts'

describe('instances on bun', () => instanceFaults('bun'))
