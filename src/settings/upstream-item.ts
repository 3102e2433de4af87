/** Upstreams, of which sluice may start some itself. */
import { checkRun, runLabel, runUrl } from './run.ts'
import { upstreamOptions } from './upstream-options.ts'
import { itemOf, type RunRules } from './upstreams.ts'

export const runRules: RunRules = { check: checkRun, url: runUrl, label: runLabel }

export const upstreamItem = itemOf(upstreamOptions, runRules)
