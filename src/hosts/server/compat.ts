/** Listens a second time, where programs look for Ollama. */
import { readJson } from '../../engines/upstream/json-body.ts'
import type { Fetch } from '../../platform/fetch.ts'
import { greet } from '../../routes/ollama/greeting.ts'
import { ollamaPort } from '../../settings/compat.ts'
import type { Settings } from '../../settings/settings.ts'
import { isObject } from '../../util/object.ts'
import { addressOf } from './process.ts'
import type { HttpServer, Runtime } from './runtime.ts'
import type { Tls } from './tls.ts'

/** Milliseconds for which a program at the port is asked what it is. */
const ASK_TIMEOUT = 1_000

/** The most characters of a version that is shown. */
const MAX_VERSION = 40

/** How another sluice at that port is named. */
const ANOTHER = 'another sluice'

/** The second listener, or why there is none; neither where none is asked for. */
export interface OllamaListener {
  server?: HttpServer
  url?: string
  /** A sentence for the person who started the server. */
  warning?: string
}

type Answer = (request: Request) => Promise<Response>

/** Answers `GET /` and `HEAD /` as Ollama does. `keepsPage`: browsers get the page there all the same. */
export function withGreeting(fetch: Answer, keepsPage: boolean): Answer {
  return async (request) => {
    const isRead = request.method === 'GET' || request.method === 'HEAD'
    const isBrowser = request.headers.get('accept')?.includes('text/html') ?? false
    const isAtRoot = isRead && /^https?:\/\/[^/]*\/?(\?|$)/.test(request.url)
    if (isAtRoot && !(keepsPage && isBrowser)) greet(request)
    return fetch(request)
  }
}

/**
 * Listens as Ollama where the settings ask for it and the port is free. Never rejects: the server is
 * of use without it. `main`: the address that the server listens at already.
 */
export async function listenAsOllama(
  runtime: Runtime,
  settings: Settings,
  tls: Tls | undefined,
  fetch: Answer,
  main: string,
): Promise<OllamaListener> {
  const port = ollamaPort(settings)
  if (port === undefined) return {}
  const { host: hostname, reusePort, bodyTimeout } = settings
  const isSecure = tls !== undefined
  const url = addressOf(hostname, port, isSecure)
  // Its own listener answers so already.
  if (url === main) return { url }
  // Asked first: some systems let two programs listen on one port of different addresses.
  const other = port === 0 ? undefined : await programAt(url, runtime.fetch)
  const mayShare = reusePort && other?.startsWith(ANOTHER)
  if (other !== undefined && !mayShare) return { warning: taken(port, main, other) }
  try {
    const answer = withGreeting(fetch, false)
    const server = await runtime.listen({
      ...{ fetch: answer, port, hostname, reusePort, tls, bodyTimeout },
    })
    return { server, url: addressOf(hostname, server.port, isSecure) }
  } catch (error) {
    const { code } = error as { code?: unknown }
    return {
      warning: taken(port, main, code === 'EADDRINUSE' ? (other ?? 'another program') : error),
    }
  }
}

/** What listens at an address, as far as it says; undefined where nothing answers. */
async function programAt(
  url: string,
  fetch: Fetch = (asked, init) => globalThis.fetch(asked, init),
): Promise<string | undefined> {
  const signal = AbortSignal.timeout(ASK_TIMEOUT)
  try {
    const response = await fetch(`${url}/api/version`, { signal, redirect: 'manual' })
    const { value } = await readJson(response, url).catch(() => ({ value: undefined }))
    if (!isObject(value)) return 'another program'
    const { version, sluice } = value
    if (typeof sluice === 'string') return `${ANOTHER} (${sluice.slice(0, MAX_VERSION)})`
    if (typeof version === 'string') return `Ollama ${version.slice(0, MAX_VERSION)}`
    return 'another program'
  } catch {
    return undefined
  }
}

/** `other`: the program that has the port, or the system's error. */
function taken(port: number, main: string, other: unknown): string {
  const isOllama = String(other).startsWith('Ollama ')
  const [reason] = String(other instanceof Error ? other.message : other).split('\n')
  const got = typeof other === 'string' ? `but ${reason} uses it` : `got: ${reason}`
  const stop = isOllama
    ? `stop it, or let it listen elsewhere, such as with OLLAMA_HOST=127.0.0.1:11435, and start sluice again with --upstream ollama=http://127.0.0.1:11435/v1`
    : `stop that program and start sluice again, or choose another port with --compat ollama=PORT`
  return `compat: expected port ${port} to be free, ${got}; ${stop}. Until then programs made for Ollama find sluice at ${main}.`
}
