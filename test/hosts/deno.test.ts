import { conformance, untimed } from '../conformance/suite.ts'

conformance('deno', untimed)
