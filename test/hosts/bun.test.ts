import { conformance, untimed } from '../conformance/suite.ts'

conformance('bun', untimed)
