import { answering, conformance } from '../conformance/suite.ts'

conformance('workerd', answering)
