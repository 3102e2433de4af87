import { conformance, timed } from '../conformance/suite.ts'

conformance('bun', timed)
