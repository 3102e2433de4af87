import { conformance, operating } from '../conformance/suite.ts'

conformance('bun', operating)
