import { answering, conformance } from '../conformance/suite.ts'

conformance('node', answering)
