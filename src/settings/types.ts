import type { Flat, Inputs, Values } from './infer.ts'
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

/** Settings as code gives them: times are milliseconds or text such as `10s`, sizes likewise. */
export interface SettingsInput extends Inputs<typeof settingsTable> {}
