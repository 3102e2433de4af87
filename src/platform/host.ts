import type { BodyWriter } from './body-writer.ts'
import type { Fetch } from './fetch.ts'
import type { Files } from './files.ts'
import type { LogEntry } from './log.ts'

/** Who can reach the handler: programs on this machine, pages of its own origin, or anyone. */
export type Exposure = 'machine' | 'page' | 'anyone'

/** What a runtime lends the handler. */
export interface Host {
  /** `bun 1.4.5`; the page and `GET /health` show it. */
  name?: string
  /** Where requests to upstreams go out; the global `fetch` by default. */
  fetch?: Fetch
  /** Makes the writer for bodies of which frames are only forwarded, where a host knows a shorter way. */
  frameWriter?: () => BodyWriter
  /**
   * The page at `/`, and what describes the API; without them a page is shown that only lists
   * engines and models.
   */
  files?: Files
  /** `anyone` is assumed unless a host knows better. */
  exposure?: Exposure
  /** Called once per request, when it has ended. */
  log?: (entry: LogEntry) => void
  /** Whether no request may be woken by another's timer or promise; by default so on workerd. */
  isolateRequests?: boolean
}
