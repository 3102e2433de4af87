import { answering, conformance } from '../conformance/suite.ts'

conformance('deno', answering)
