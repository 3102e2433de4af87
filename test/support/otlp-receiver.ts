// A stand-in for an OpenTelemetry collector: it receives spans by OTLP over HTTP and keeps them.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { decodeJson, decodeProtobuf, type ReceivedSpan } from './otlp-decode.ts'

export type { ReceivedSpan } from './otlp-decode.ts'

/** How it answers a request; 200 by default. `never`: not at all. */
export interface OtlpAnswer {
  status?: number
  headers?: Record<string, string>
  /** Milliseconds before it answers. */
  delay?: number
  never?: boolean
  body?: string | Uint8Array
}

export interface OtlpReceiver extends AsyncDisposable {
  /** `http://127.0.0.1:PORT` */
  url: string
  /** Of those requests that were answered with 200. */
  spans: ReceivedSpan[]
  /** All requests, with the number of spans in them. */
  requests: { path: string; headers: IncomingMessage['headers']; spans: number; body: Buffer }[]
  /** Answers the next requests. */
  answer: () => OtlpAnswer
  /** Resolves with the spans of a trace once there are so many; rejects after `ms`. */
  trace(traceId: string, count: number, ms?: number): Promise<ReceivedSpan[]>
  /** Resolves once `holds` does; rejects after `ms`. */
  until(holds: () => boolean, ms?: number): Promise<void>
  close(): Promise<void>
}

export async function startOtlpReceiver(): Promise<OtlpReceiver> {
  const server = createServer((request, response) => {
    receive(request, response).catch((error: unknown) => response.destroy(error as Error))
  })
  const waiting = new Set<() => void>()
  const receiver: OtlpReceiver = {
    url: '',
    spans: [],
    requests: [],
    answer: () => ({}),
    async trace(traceId, count, ms) {
      const found = () => receiver.spans.filter((span) => span.traceId === traceId)
      await receiver.until(() => found().length >= count, ms)
      return found()
    },
    async until(holds, ms = 5_000) {
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      const check = () => holds() && resolve()
      const timer = setTimeout(() => {
        const names = receiver.spans.map(({ traceId, name }) => `${traceId} ${name}`)
        reject(new Error(`The spans did not come; there are:\n${names.join('\n')}`))
      }, ms)
      waiting.add(check)
      check()
      await promise.finally(() => {
        clearTimeout(timer)
        waiting.delete(check)
      })
    },
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
    [Symbol.asyncDispose]: () => receiver.close(),
  }

  async function receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await buffer(request)
    const isJson = request.headers['content-type'] === 'application/json'
    const { url: path = '', headers } = request
    // Runtimes send logs and metrics as well.
    const isTraces = path.endsWith('/traces')
    const decode = () => (isJson ? decodeJson(body.toString()) : decodeProtobuf(body))
    const spans = isTraces ? decode() : []
    receiver.requests.push({ path, headers, spans: spans.length, body })
    const { status = 200, headers: own = {}, delay = 0, never, body: text } = receiver.answer()
    if (status === 200 && !never) receiver.spans.push(...spans)
    for (const check of waiting) check()
    if (never) return
    if (delay > 0) await new Promise((resolve) => setTimeout(resolve, delay))
    response.writeHead(status, { 'content-type': headers['content-type'], ...own })
    response.end(text ?? (isJson ? '{}' : ''))
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  receiver.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return receiver
}
