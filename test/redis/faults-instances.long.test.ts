import { describe } from 'vitest'
import { instanceFaults } from './faults-instances.ts'

describe.each(['node', 'deno'] as const)('instances on %s', (host) => instanceFaults(host))
