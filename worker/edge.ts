/** The worker: on Cloudflare, or on a workerd of your own. */
import { allFamilies } from '../src/routes/families.ts'
import { withErrorResponse } from '../src/routes/internal-error.ts'
import { forwardToRun } from './objects/forward.ts'
import { closeTabs, forwardToTabs } from './objects/forward-to-tabs.ts'
import { untilIdle } from './objects/stream-run.ts'
import { handlerOnce, replace } from './served.ts'
import type { Bindings } from './serving.ts'

export { BrowserTabs } from './objects/browser-tabs.ts'
export { KeyLimits } from './objects/key-limits.ts'
export { StoredResponses } from './objects/stored-responses.ts'
export { StreamRun } from './objects/stream-run.ts'

export default {
  fetch(request: Request, env: Bindings, context?: unknown): Promise<Response> {
    return withErrorResponse(async (asked) => {
      const handler = handlerOnce(env)
      const forwarded =
        (await forwardToTabs(asked, env, handler)) ?? (await forwardToRun(asked, env, handler))
      return forwarded ?? handler.fetch(asked, context)
    }, allFamilies)(request)
  },
}

/**
 * For the process that runs workerd, never for clients: GET lists the engines, PUT sets the settings, the answer
 * to GET /idle ends when no stream runs in an object, and that to GET /tabs comes when no tab is connected.
 */
export const control = {
  async fetch(request: Request, env: Bindings): Promise<Response> {
    const { pathname } = new URL(request.url)
    if (pathname === '/idle') return new Response(untilIdle())
    if (pathname === '/tabs') return closeTabs(env)
    if (request.method === 'PUT') return replace(env, await request.json())
    return Response.json(await handlerOnce(env).refresh())
  },
}
