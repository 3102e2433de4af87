import { conformance } from '../conformance/suite.ts'

conformance('deno')
