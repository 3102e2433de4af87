/** The options of an upstream. */
import { runOptions } from './run-options.ts'
import { serverOptions } from './server-options.ts'

export const upstreamOptions = { ...serverOptions, ...runOptions }
