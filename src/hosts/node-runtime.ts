import { directFetch } from './direct-fetch.ts'
import { dial } from './node-dial.ts'
import { patientFetch } from './node-fetch.ts'
import { listen } from './node-listen.ts'
import { nodePipe } from './node-pipe.ts'
import type { Runtime } from './serve.ts'

/** What Node gives. */
export const runtime: Runtime = {
  name: `node ${process.versions.node}`,
  fetch: directFetch(dial, patientFetch),
  framePipe: nodePipe,
  listen,
}
