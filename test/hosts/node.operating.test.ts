import { conformance, operating } from '../conformance/suite.ts'

conformance('node', operating)
