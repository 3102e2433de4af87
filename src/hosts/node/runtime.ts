import { directFetch } from '../server/direct-fetch.ts'
import type { Runtime } from '../server/runtime.ts'
import { nodeBodyWriter } from './body-writer.ts'
import { dial } from './dial.ts'
import { nativeFetch } from './fetch.ts'
import { listen } from './listen.ts'

/** What Node offers to a server. */
export const runtime: Runtime = {
  name: `node ${process.versions.node}`,
  place: 'node',
  fetch: directFetch(dial, nativeFetch),
  frameWriter: nodeBodyWriter,
  listen,
}
