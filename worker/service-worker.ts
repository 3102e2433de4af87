/**
 * The same handler inside a browser: what a page of this origin asks of `v1/` is answered here, by
 * the GPU for the models it runs, and by the server that served the page for all others.
 */

import type { Port } from '../src/engines/remote/protocol.ts'
import { createRemote } from '../src/engines/remote/remote.ts'
import { createHostedHandler, type Handler } from '../src/handler.ts'
import type { Fetch } from '../src/platform/fetch.ts'
import { withErrorResponse } from '../src/routes/internal-error.ts'
import { memoryResponseStore } from '../src/state/response-store.ts'
import { ApiError } from '../src/wire/errors/api-error.ts'
import type { FromPage, ToPage } from './messages.ts'

declare const self: ServiceWorkerGlobalScope

/** The folder that the page lies in, as a path with a slash at the end. */
const base = new URL(self.registration.scope).pathname

/** Milliseconds the pages have to answer for the engine. */
const PATIENCE = 5_000

let offered: ((port: MessagePort) => void) | undefined

const remote = createRemote({ label: 'webllm', connect })

/** Handlers by the key their requests came with: that is for the server, and the handler drops it. */
const handlers = new Map<string, Handler>()

/** Kept at most; a page has one key, and may try another. */
const MOST_KEYS = 8

function handlerFor(authorization: string): Handler {
  const made = handlers.get(authorization) ?? createFor(authorization)
  handlers.delete(authorization)
  handlers.set(authorization, made)
  const [oldest] = handlers.keys()
  if (handlers.size > MOST_KEYS && oldest !== undefined) handlers.delete(oldest)
  return made
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
      // The page shows what a model thinks apart from what it answers.
      thinkTags: 'separate',
      // Until the headers are out nobody can tell that a client left.
      headerWait: 250,
      heartbeat: 2_000,
    },
    {
      name: 'a service worker',
      engines: [remote],
      fetch: fetchFromServer,
      exposure: 'page',
      // A browser ends it soon after its last connection.
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
  if (!url.pathname.startsWith(`${base}v1/`)) return
  event.respondWith(answer(request, url))
})

self.addEventListener('message', ({ data, ports }) => {
  const message = data as FromPage
  if (message.kind === 'engine' && ports[0]) offered?.(ports[0])
  else if (message.kind === 'engine-gone') remote.lose()
})

/** What the server that served the page says of itself; nothing where it only serves files. */
async function healthOfServer(request: Request): Promise<Response> {
  const response = await fetch(request).catch(() => undefined)
  return response?.ok ? response : Response.json({})
}

/** Never rejects: a page would see a network error that tells it nothing. */
const answer = (request: Request, url: URL): Promise<Response> =>
  withErrorResponse(async (asked) => {
    const handler = handlerFor(asked.headers.get('authorization') ?? '')
    return handler.fetch(atRoot(asked, url))
  })(request)

/** The handler's routes begin at the root, wherever the page lies. */
function atRoot(request: Request, url: URL): Request {
  if (base === '/') return request
  url.pathname = url.pathname.slice(base.length - 1)
  return new Request(url, request)
}

/**
 * A fresh port to the engine, from the page that runs it: a service worker is stopped whenever
 * nothing is asked of it, and its ports with it.
 */
async function connect(): Promise<Port> {
  const pages = await self.clients.matchAll({ type: 'window', includeUncontrolled: true })
  if (pages.length === 0) throw noEngine('no page of it is open')
  const port = new Promise<MessagePort>((resolve, reject) => {
    offered = resolve
    setTimeout(() => reject(noEngine('no open page answers for it')), PATIENCE)
  })
  const message: ToPage = { kind: 'engine-wanted' }
  for (const page of pages) page.postMessage(message)
  return (await port) as unknown as Port
}

function noEngine(why: string): ApiError {
  const message = `The browser's GPU can't be used: ${why}. Open the page and leave it open.`
  return new ApiError(503, message, { code: 'engine_missing' })
}
