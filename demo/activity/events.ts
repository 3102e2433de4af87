/** Server-sent events of the API, read with `fetch`: an `EventSource` sends no key. */

import { EventScanner } from '../../src/wire/sse/sse.ts'
import { authorization, root } from '../api.ts'

/** An answer that is not the stream that was asked for. */
export class NoStream extends Error {
  readonly status: number
  readonly code: string
  /** Milliseconds to wait, where the server says so. */
  readonly retryAfter: number
  constructor(status: number, message: string, code = '', retryAfter = 0) {
    super(message)
    this.status = status
    this.code = code
    this.retryAfter = retryAfter
  }
}

/** Sends a request to the API with the user's key. */
export function callApi(path: string, init: RequestInit = {}): Promise<Response> {
  const headers = { ...(init.headers as Record<string, string> | undefined), ...authorization() }
  return fetch(root + path, { ...init, headers })
}

/**
 * Calls `act` with each event of a stream until it ends. `silence`: after so many milliseconds without
 * a byte the connection is taken for dead. Throws a `NoStream` for any other answer, or an `Error`.
 */
export async function readEvents(
  path: string,
  signal: AbortSignal,
  act: (event: string, data: unknown) => void,
  silence = 60_000,
): Promise<void> {
  const control = new AbortController()
  const stop = () => control.abort(signal.reason)
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) stop()
  let timer: ReturnType<typeof setTimeout> | undefined
  const heard = () => {
    clearTimeout(timer)
    timer = setTimeout(() => control.abort(new Error('the server is silent')), silence)
  }
  try {
    heard()
    const headers = { accept: 'text/event-stream' }
    const response = await callApi(path, { headers, signal: control.signal, cache: 'no-store' })
    const type = response.headers.get('content-type') ?? ''
    if (!response.ok || !type.startsWith('text/event-stream')) throw await noStream(response)
    const reader = (response.body as ReadableStream<Uint8Array<ArrayBuffer>>).getReader()
    const scanner = new EventScanner()
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      heard()
      scanner.push(value)
      while (scanner.next()) {
        const { event, data } = scanner.fields()
        if (data !== undefined) act(event, JSON.parse(data))
      }
    }
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', stop)
    control.abort()
  }
}

async function noStream(response: Response): Promise<NoStream> {
  const { status, headers } = response
  const { message, code } = await errorOf(response)
  const seconds = Number(headers.get('retry-after') ?? 0)
  return new NoStream(status, message, code, seconds > 0 ? seconds * 1_000 : 0)
}

/** The message and the code of an error of the API; both empty where another server answered. */
export async function errorOf(response: Response): Promise<{ message: string; code: string }> {
  const text = await response.text().catch(() => '')
  try {
    const { error } = JSON.parse(text) as { error?: { message?: unknown; code?: unknown } }
    return { message: String(error?.message ?? ''), code: String(error?.code ?? '') }
  } catch {
    return { message: '', code: '' }
  }
}
