import { conformance, untimed } from '../conformance/suite.ts'

conformance('workerd', untimed)
