import { conformance, timed } from '../conformance/suite.ts'

conformance('deno', timed)
