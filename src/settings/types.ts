import type { Flat, Values } from './infer.ts'
import type { settingsTable } from './table/table.ts'
import type { ResolvedUpstream } from './upstreams.ts'

type Read = Values<typeof settingsTable>

/** Everything that can be set, checked and complete. Times are milliseconds, sizes bytes. */
export interface Settings
  extends Flat<
    Omit<Read, 'upstream' | 'upstreamKey' | 'discover'> & {
      upstream: ResolvedUpstream[]
      discover: boolean
    }
  > {}
