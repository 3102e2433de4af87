import { answering, conformance } from '../conformance/suite.ts'

conformance('bun', answering)
