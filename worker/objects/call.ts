/** Calls to objects, as requests with JSON. */
import type { ObjectNamespace } from './platform.ts'

/** Milliseconds for which an object may take to answer: another continent, and a start from its rows. */
const TIMEOUT = 5_000

/** Names no host: only the bound object sees it. */
const BASE = 'http://object/'

/** What an object answers by method; the body has the arguments. */
export type Methods = Readonly<Record<string, (...args: never[]) => unknown>>

/**
 * Calls a method of an object. Rejects where it does not answer in time, or has failed.
 *
 * By `fetch` rather than by a call of a method: that needs a class of `cloudflare:workers`, which exists
 * nowhere else, and the same file is loaded by programs that have no objects.
 */
export async function callObject(
  namespace: ObjectNamespace,
  name: string,
  method: string,
  args: readonly unknown[],
  timeout = TIMEOUT,
): Promise<unknown> {
  const request = new Request(BASE + method, {
    method: 'POST',
    body: JSON.stringify(args),
    signal: AbortSignal.timeout(timeout),
  })
  const response = await namespace.getByName(name).fetch(request)
  if (response.status === 204) return undefined
  if (response.ok) return response.json()
  throw new Error(`object: ${method} failed: ${await response.text()}`)
}

/** Answers a call. Never rejects: Cloudflare would restart an object that throws. */
export async function answerCall(request: Request, methods: Methods): Promise<Response> {
  const name = new URL(request.url).pathname.slice(1)
  const method = Object.hasOwn(methods, name) ? methods[name] : undefined
  if (method === undefined) return new Response('there is no such method', { status: 404 })
  try {
    const args = (await request.json()) as never[]
    const result = await method(...args)
    return result === undefined ? new Response(null, { status: 204 }) : Response.json(result)
  } catch (error) {
    return new Response(error instanceof Error ? error.message : String(error), { status: 500 })
  }
}
