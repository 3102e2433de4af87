// A host without a socket: `fetch` with its URL calls the handler as a function.

import { readFlags } from '../../src/cli/flags.ts'
import { formatEntry, logForm } from '../../src/cli/log.ts'
import { createHostedHandler, type Handler } from '../../src/handler.ts'
import { exposureOf } from '../../src/hosts/server/exposure.ts'
import { pageFiles } from '../../src/hosts/server/files.ts'
import { settingsFromEnv } from '../../src/settings/environment.ts'
import { parseSettings } from '../../src/settings/settings.ts'
import { type Capability, lacking } from './hosts.ts'
import type { Server } from './server.ts'
import { serverLog } from './server-log.ts'

/** Handlers by their origins, which are only names: nothing listens there. */
const handlers = new Map<string, Handler>()
let started = 0

/** A handler in this process as a server. It reads the same flags and variables as the others. */
export async function startInProcess(
  flags: string[],
  env: Record<string, string | undefined>,
): Promise<Server> {
  const settings = parseSettings({ ...settingsFromEnv(env), ...readFlags(flags).settings })
  const log = serverLog()
  const form = logForm(settings.log, false)
  let stdout = ''
  const handler = createHostedHandler(settings, {
    name: 'in-process',
    files: pageFiles(),
    exposure: exposureOf(settings.host),
    log(entry) {
      // As it can be read from the log, without what JSON leaves out.
      log.entries.push(JSON.parse(formatEntry(entry, 'json')))
      if (form !== 'none') stdout += `${formatEntry(entry, form)}\n`
    },
  })
  const url = `http://sluice-${++started}.localhost`
  handlers.set(url, handler)
  const ended = Promise.withResolvers<number>()
  const stop = async (graceMs: number) => {
    await handler.drain(graceMs)
    handlers.delete(url)
    ended.resolve(0)
    return 0
  }
  return {
    host: 'in-process',
    url,
    base: `${url}/v1`,
    log: log.entries,
    nextLog: log.next,
    stdout: () => stdout,
    stop: () => stop(settings.grace),
    ended: ended.promise,
    kill: async () => void (await stop(0)),
    [Symbol.asyncDispose]: async () => void (await stop(0)),
    get port() {
      return lack('sockets')
    },
    get pid() {
      return lack('process')
    },
    get supervisor() {
      return lack('process')
    },
    stderr: () => '',
    untilStderr: async () => lack('process'),
    // Of the scripted upstreams as well, which are in this process, too.
    memory: () => process.memoryUsage().rss,
  }
}

function lack(capability: Capability): never {
  throw lacking(capability)
}

const networkFetch = globalThis.fetch

/** Makes `fetch` call the handlers of this process; it sends all other requests as usual. */
export function callInProcess(): void {
  globalThis.fetch = async (input, init) => {
    const url = URL.parse(input instanceof Request ? input.url : String(input))
    const handler = handlers.get(url?.origin ?? '')
    if (handler) return call(handler, new Request(input, init), init?.signal ?? undefined)
    if (url?.hostname.endsWith('.localhost')) throw new TypeError('fetch failed: nobody is there')
    return networkFetch(input, init)
  }
}

/**
 * `signal` is the client's own. The signal of Node's `Request` follows it only until the request is
 * garbage collected, and a handler need not keep the request.
 */
async function call(
  handler: Handler,
  request: Request,
  signal: AbortSignal | undefined,
): Promise<Response> {
  signal?.throwIfAborted()
  const left = Promise.withResolvers<never>()
  const leave = () => left.reject(signal?.reason)
  signal?.addEventListener('abort', leave, { once: true })
  try {
    const response = await Promise.race([handler.fetch(request), left.promise])
    return received(response, request.method, signal)
  } finally {
    signal?.removeEventListener('abort', leave)
  }
}

type Body = ReadableStream<Uint8Array<ArrayBuffer>>

/** A response as a client receives it: without a body for HEAD, and ended when the client aborts. */
function received(response: Response, method: string, signal: AbortSignal | undefined): Response {
  const { status, statusText, headers } = response
  const body = method === 'HEAD' ? null : response.body
  const own = body && signal ? endedBy(signal, body) : body
  return new Response(own, { status, statusText, headers })
}

/** Not by `pipeThrough`, which cancels its source only once the last piece was read. */
function endedBy(signal: AbortSignal, body: Body): Body {
  const reader = body.getReader()
  return new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      start(controller) {
        const end = () => {
          controller.error(signal.reason)
          void reader.cancel(signal.reason).catch(() => {})
        }
        signal.addEventListener('abort', end, { once: true })
      },
      async pull(controller) {
        const { done, value } = await reader.read()
        if (signal.aborted) return
        if (done) controller.close()
        else controller.enqueue(value)
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  )
}
