/**
 * The same handler inside a browser. It answers the requests of this origin's pages to `v1/`: with the
 * GPU for the models that run there, and for all others by asking the server that served the page.
 */

import type { Port } from '../src/engines/remote/protocol.ts'
import { createRemote } from '../src/engines/remote/remote.ts'
import { createHostedHandler, type Handler } from '../src/handler.ts'
import type { Fetch } from '../src/platform/fetch.ts'
import { allFamilies } from '../src/routes/families.ts'
import { withErrorResponse } from '../src/routes/internal-error.ts'
import { memoryResponseStore } from '../src/state/response-store.ts'
import { ApiError } from '../src/wire/errors/api-error.ts'
import type { FromPage, ToPage } from './messages.ts'

declare const self: ServiceWorkerGlobalScope

/** The path of the page's folder, with a slash at the end. */
const base = new URL(self.registration.scope).pathname

/** Milliseconds within which a page has to send a port to the engine. */
const ENGINE_TIMEOUT = 5_000

/** Resolves the latest request for a port. */
let onPort: ((port: MessagePort) => void) | undefined

const remote = createRemote({ label: 'webllm', connect })

/** A handler for each key: the key is for the server, and a handler does not forward its clients' keys. */
const handlers = new Map<string, Handler>()

/** The most handlers that are kept. A page has one key, and the user may try another. */
const MAX_HANDLERS = 8

function handlerFor(authorization: string): Handler {
  const handler = handlers.get(authorization) ?? createFor(authorization)
  // Inserted again at the end, so that the first one is the least recently used.
  handlers.delete(authorization)
  handlers.set(authorization, handler)
  const [oldest] = handlers.keys()
  if (handlers.size > MAX_HANDLERS && oldest !== undefined) handlers.delete(oldest)
  return handler
}

function createFor(authorization: string): Handler {
  const fetchFromServer: Fetch = (url, init) => {
    const headers = { ...init.headers, ...(authorization && { authorization }) }
    return fetch(url, { ...init, headers })
  }
  return createHostedHandler(
    {
      discover: false,
      upstream: [
        {
          label: 'server',
          url: `${self.location.origin}${base}v1`,
          thinkTags: 'keep',
          systemMessages: 'keep',
        },
      ],
      // The page shows reasoning apart from the answer.
      thinkTags: 'separate',
      // A browser reports that a page has aborted its request only after the response's headers.
      headerWait: 250,
      heartbeat: 2_000,
    },
    {
      name: 'a service worker',
      engines: [remote],
      fetch: fetchFromServer,
      exposure: 'page',
      // A browser stops a service worker soon after its last request, so no response runs in background.
      responses: { store: memoryResponseStore(), runs: undefined },
    },
  )
}

self.addEventListener('install', () => void self.skipWaiting())

self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()))

self.addEventListener('fetch', (event) => {
  const { request } = event
  const url = new URL(request.url)
  if (url.origin !== self.location.origin) return
  if (url.pathname === `${base}health`) event.respondWith(healthOfServer(request))
  if (!url.pathname.startsWith(`${base}v1/`) || request.headers.has('sluice-direct')) return
  const path = url.pathname.slice(base.length)
  if (LINKING.test(path)) return
  const isOfServer = OF_SERVER.test(path)
  event.respondWith(isOfServer ? serverFirst(request, url) : answer(request, url))
})

self.addEventListener('message', ({ data, ports }) => {
  const message = data as FromPage
  if (message.kind === 'engine' && ports[0]) onPort?.(ports[0])
  else if (message.kind === 'engine-gone') remote.lose()
})

/** The `/health` of the server that served the page; an empty object where it serves only files. */
async function healthOfServer(request: Request): Promise<Response> {
  const response = await fetch(request).catch(() => undefined)
  return response?.ok ? response : Response.json({})
}

/** The link of a tab to the server lasts for longer than browsers let a service worker live. */
const LINKING = /^v1\/(?:tabs|pairings)(?:\/|$)/

/** What a page wants to know of the server rather than of itself. */
const OF_SERVER = /^v1\/(?:activity|captures|streams)(?:\/|$)/

/**
 * What the server answers; where that serves only files, the page's own requests. Rejects where the
 * server does not answer, so that the page tries again instead of showing another's requests.
 */
async function serverFirst(request: Request, url: URL): Promise<Response> {
  const response = await fetch(request)
  const type = response.headers.get('content-type') ?? ''
  const isOfSluice = /^(?:application\/(?:json|x-ndjson)|text\/event-stream)/.test(type)
  if (isOfSluice) return response
  await response.body?.cancel()
  return answer(new Request(url, { method: request.method, headers: request.headers }), url)
}

/** Never rejects: the page would see only a network error without a cause. */
const answer = (request: Request, url: URL): Promise<Response> =>
  withErrorResponse(async (asked) => {
    const handler = handlerFor(asked.headers.get('authorization') ?? '')
    return handler.fetch(atRoot(asked, url))
  }, allFamilies)(request)

/** The request with its path relative to the page's folder, where the handler's routes begin. */
function atRoot(request: Request, url: URL): Request {
  if (base === '/') return request
  url.pathname = url.pathname.slice(base.length - 1)
  return new Request(url, request)
}

/**
 * Asks the page that runs the engine for a new port. A port cannot be kept: browsers stop an idle
 * service worker, which closes its ports.
 */
async function connect(): Promise<Port> {
  const pages = await self.clients.matchAll({ type: 'window', includeUncontrolled: true })
  if (pages.length === 0) throw noEngine('no page of sluice is open')
  const port = new Promise<MessagePort>((resolve, reject) => {
    onPort = resolve
    const seconds = ENGINE_TIMEOUT / 1_000
    const why = `no open page has offered its engine within ${seconds} s`
    setTimeout(() => reject(noEngine(why)), ENGINE_TIMEOUT)
  })
  const message: ToPage = { kind: 'engine-wanted' }
  for (const page of pages) page.postMessage(message)
  return (await port) as unknown as Port
}

function noEngine(why: string): ApiError {
  const message = `The browser's GPU cannot be used: ${why}. Open the page, leave it open and send the request again.`
  return new ApiError(503, message, { code: 'engine_missing' })
}
