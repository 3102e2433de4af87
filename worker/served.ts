/** The handler of the worker with all parts, which its objects serve with too. */
import { balancing } from '../src/engines/pool/balancing.ts'
import { Conversations } from '../src/engines/pool/conversations.ts'
import { PoolState } from '../src/engines/pool/pool-state.ts'
import { createCheckedHandler } from '../src/handler.ts'
import type { Files } from '../src/platform/files.ts'
import { memoryResponses } from '../src/routes/runs/runs.ts'
import { allSettings } from '../src/settings/settings.ts'
import { requireSupport } from '../src/settings/support.ts'
import { memoryLimits } from '../src/state/memory-limits.ts'
import type { ResponseStore } from '../src/state/response-store.ts'
import { Telemetry } from '../src/telemetry/telemetry.ts'
import { inObjects } from './objects/forward.ts'
import { isNamespace } from './objects/platform.ts'
import { objectResponseStore } from './objects/stored-responses.ts'
import { type Bindings, serving } from './serving.ts'

/** Milliseconds for which tabs gather what they say on Cloudflare, where each request is billed. */
const CLOUDFLARE_GATHER = 250

const responses = memoryResponses()

export const { handlerOnce, handlerFor, replace } = serving({
  reader: allSettings,
  make(settings, host) {
    requireSupport(settings, 'worker')
    return createCheckedHandler(settings, host)
  },
  kept: {
    limits: memoryLimits(),
    seen: new Map(),
    finishes: new Map(),
    pool: new PoolState(true, { balancing, conversations: new Conversations() }),
    telemetry: new Telemetry(),
  },
  defaults: (env) => ({ tabGather: isOwn(env) ? 0 : CLOUDFLARE_GATHER }),
  lend: (env) => ({
    responses: { ...responses, store: responseStore(env) },
    ...(isFetcher(env.ASSETS) && { files: filesOf(env.ASSETS) }),
    ...(isNamespace(env.STREAM_RUNS) && { elsewhere: inObjects(env.STREAM_RUNS) }),
  }),
})

/** Whether `sluice` has started this workerd, and nobody bills its requests. */
export function isOwn({ EXPOSURE, REACH }: Bindings): boolean {
  return (EXPOSURE ?? REACH) !== undefined
}

/** Where responses are stored: in objects, or in this instance's memory. */
export function responseStore({ STORED_RESPONSES: stored }: Bindings): ResponseStore {
  return isNamespace(stored) ? objectResponseStore(stored) : responses.store
}

/** The binding of the page's files, where they were deployed with the worker. */
interface Fetcher {
  fetch(request: Request): Promise<Response>
}

function isFetcher(value: unknown): value is Fetcher {
  return typeof value === 'object' && value !== null && 'fetch' in value
}

function filesOf(assets: Fetcher): Files {
  return async (name) => {
    const request = new Request(new URL(name, 'http://assets/'))
    // `npm start` lends the page from a process of its own, which may have ended.
    const response = await assets.fetch(request).catch(() => undefined)
    return response?.ok ? (response.body ?? undefined) : undefined
  }
}
