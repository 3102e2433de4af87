import { quoted } from '../util/safe/quoted.ts'
import { ApiError } from '../wire/errors/api-error.ts'
import { viewerOf } from './activity/access.ts'
import { jsonResponse } from './json.ts'
import type { RouteHandler } from './route.ts'

/** It changes with every request. */
const UNSTORED = { 'cache-control': 'no-store' }

/**
 * `GET /v1/usage`: what a key has used and has left; for an admin what all have, or the one that `name`
 * names. Rejects with an `ApiError` (403, 404, 503).
 */
export const retrieveUsage: RouteHandler = async ({ url }, trace, { guard }) => {
  const caller = viewerOf(trace)
  const name = new URL(url).searchParams.get('name')
  if (name === null && caller.isAdmin) {
    const data = await guard.usage(caller)
    return jsonResponse({ object: 'list', data }, { headers: UNSTORED })
  }
  const [usage] = await guard.usage(caller, name ?? caller.name)
  if (usage !== undefined) return jsonResponse(usage, { headers: UNSTORED })
  const message = `name: expected the name of a key that you may see, got ${quoted(name ?? '')}; leave it out for your own.`
  throw new ApiError(404, message, { code: 'not_found', param: 'name' })
}
