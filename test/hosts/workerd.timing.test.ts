import { conformance, timed } from '../conformance/suite.ts'

conformance('workerd', timed)
