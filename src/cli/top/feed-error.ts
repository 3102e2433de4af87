/** Why a server does not show its activity, and what to do about it. */
import type { Fetch } from '../../platform/fetch.ts'
import { CLIENT_KEY } from '../../settings/environment.ts'
import { isObject, parseObject } from '../../util/object.ts'
import { cut } from '../../util/safe/cut.ts'
import type { Target } from '../target.ts'

export class FeedError extends Error {
  /** The HTTP status of the refusal; 0 where there was none. */
  readonly status: number

  constructor(message: string, { status = 0, cause }: { status?: number; cause?: unknown } = {}) {
    super(message, { cause })
    this.name = 'FeedError'
    this.status = status
  }
}

/** The most characters of a server's own message. */
const MOST = 400

const HEALTH_TIMEOUT = 5_000

/** What a refusal means. */
export async function refusalOf(
  target: Target,
  fetch: Fetch,
  status: number,
  body: string,
  path: string,
): Promise<FeedError> {
  const name = new URL(target.base).host
  const error = parseObject(body)?.error
  const { message, code } = isObject(error) ? error : {}
  const said = typeof message === 'string' ? cut(message, MOST) : `status ${status}`
  const fail = (text: string) => new FeedError(text, { status })
  if (status === 401) return fail(keyText(name, target.key, said))
  if (status === 403) {
    return fail(
      `${name}: ${said} Admin keys see all requests, and named keys their own; set ${CLIENT_KEY} to such a key.`,
    )
  }
  const isFeed = path === '/activity'
  // A code of its own says that the route is there: the feed is switched off, for example.
  const isUnknownRoute =
    status === 405 || (status === 404 && (code == null || code === 'not_found'))
  if (!isFeed || !isUnknownRoute) return fail(`${name}: ${said}`)
  const version = await sluiceVersion(target, fetch)
  if (version === undefined) {
    return fail(
      `${target.base}: expected a sluice, got another server (status ${status} for ${path}); name the URL of a sluice, such as http://127.0.0.1:8787.`,
    )
  }
  return fail(
    `${name}: expected a sluice that has /v1/activity, got version ${version}, which has not (${said}); update the server, or check that the URL is its root.`,
  )
}

function keyText(name: string, key: string | undefined, said: string): string {
  if (key === undefined) {
    return `${name}: expected a key, and none was sent; set ${CLIENT_KEY} to an admin key, or to a named key to see its own requests.`
  }
  return `${name}: the key was refused (${said}) Set ${CLIENT_KEY} to a key that the server has.`
}

/** The version that the server's health tells; undefined for other servers. */
async function sluiceVersion({ base, headers }: Target, fetch: Fetch): Promise<string | undefined> {
  try {
    const url = `${base.replace(/\/v1$/, '')}/health`
    const response = await fetch(url, { headers, signal: AbortSignal.timeout(HEALTH_TIMEOUT) })
    const reader = response.body?.getReader()
    const packet = await reader?.read()
    await reader?.cancel()
    const health = parseObject(new TextDecoder().decode(packet?.value))
    const isSluice = typeof health?.status === 'string' && typeof health.version === 'string'
    return isSluice ? String(health.version) : undefined
  } catch {
    return undefined
  }
}
