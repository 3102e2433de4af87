import { conformance, operating } from '../conformance/suite.ts'

conformance('workerd', operating)
