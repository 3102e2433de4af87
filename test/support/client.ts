import { setTimeout as sleep } from 'node:timers/promises'
import { rawRequest } from './raw.ts'
import type { Server } from './server.ts'

/** A client that can disconnect in several ways, and stop reading. */
export interface Client {
  /** The text received so far. */
  text(): string
  /** The number of bytes received so far. */
  received(): number
  /** Resolves once the text matches; rejects after `ms` (5,000), or when the connection has closed. */
  waitFor(pattern: string | RegExp, ms?: number): Promise<void>
  /** Stops reading until `resume`, which causes back-pressure at the server. */
  pause(): void
  resume(): void
  /** Closes or resets the connection at once. Returns `performance.now()`. */
  hangUp(how?: 'close' | 'reset'): number
}

/** Posts JSON (a chat by default) with a client of its own, which starts reading. */
export async function openClient(
  server: Server,
  body: object,
  path = '/v1/chat/completions',
): Promise<Client> {
  if (server.host !== 'in-process') return rawRequest({ port: server.port, path, body })
  return fetchingClient(server.url + path, JSON.stringify(body))
}

/** The same without a socket: disconnecting aborts the request or cancels the body. */
function fetchingClient(url: string, body: string): Client {
  const control = new AbortController()
  const parts: Uint8Array[] = []
  let reader: ReadableStreamDefaultReader<Uint8Array> | undefined
  let gate = Promise.withResolvers<void>()
  let isOver = false
  gate.resolve()

  async function read(): Promise<void> {
    const headers = { 'content-type': 'application/json' }
    const response = await fetch(url, { method: 'POST', headers, body, signal: control.signal })
    reader = response.body?.getReader()
    for (;;) {
      await gate.promise
      const part = await reader?.read()
      if (!part?.value) return
      parts.push(part.value)
    }
  }
  void read()
    .catch(() => {})
    .finally(() => {
      isOver = true
    })

  const text = () => Buffer.concat(parts).toString()
  return {
    text,
    received: () => parts.reduce((sum, part) => sum + part.length, 0),
    async waitFor(pattern, ms = 5_000) {
      const deadline = performance.now() + ms
      while (!(typeof pattern === 'string' ? text().includes(pattern) : pattern.test(text()))) {
        const why = isOver ? 'The response ended' : `${ms} ms passed`
        if (isOver || performance.now() > deadline)
          throw new Error(`${why} before ${pattern} came; so far:\n${text()}`)
        await sleep(2)
      }
    },
    pause() {
      gate = Promise.withResolvers()
    },
    resume: () => gate.resolve(),
    hangUp(how = 'close') {
      if (how === 'reset' && reader) void reader.cancel().catch(() => {})
      else control.abort()
      return performance.now()
    },
  }
}
