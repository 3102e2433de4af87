import { conformance } from '../../conformance/suite.ts'
import { callInProcess } from '../../support/in-process.ts'

callInProcess()
conformance('in-process', ['telemetry'])
