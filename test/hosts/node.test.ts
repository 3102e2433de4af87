import { conformance, untimed } from '../conformance/suite.ts'

conformance('node', untimed)
