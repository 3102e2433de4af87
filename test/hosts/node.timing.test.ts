import { conformance, timed } from '../conformance/suite.ts'

conformance('node', timed)
