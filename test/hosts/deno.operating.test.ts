import { conformance, operating } from '../conformance/suite.ts'

conformance('deno', operating)
