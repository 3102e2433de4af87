import { type AddressInfo, createServer, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Fetched } from '../../../../src/platform/fetch.ts'
import type { Dial } from '../../../../src/transport/http1/socket.ts'

const runtime = ['bun', 'deno'].find((name) => name in process.versions) ?? 'node'

/** The dial of the runtime that runs the tests. */
export const { dial }: { dial: Dial } = await import(`../../../../src/hosts/${runtime}/dial.ts`)

/** A connection, as its server sees it. */
export interface Peer {
  socket: Socket
  /** JsonAnswer requests, every byte of them. */
  requests: string[]
  /** Whether it is gone, however it went. */
  isClosed: boolean
}

export interface RawServer {
  /** Without a path. */
  url: string
  /** Every connection, oldest first. */
  peers: Peer[]
  /** Every request, oldest first. */
  requests: string[]
  close(): Promise<void>
}

/**
 * A server that answers each whole request in bytes of its own. `begin` is told of the first packet of
 * each request, whose rest may not have come.
 */
export async function startRaw(
  answer: (socket: Socket, request: string) => unknown = () => {},
  host = '127.0.0.1',
  begin: (socket: Socket, packet: string) => unknown = () => {},
): Promise<RawServer> {
  const peers: Peer[] = []
  const requests: string[] = []
  const server = createServer((socket) => {
    const peer: Peer = { socket, requests: [], isClosed: false }
    peers.push(peer)
    let text = ''
    let length = Number.POSITIVE_INFINITY
    socket.on('error', () => {})
    socket.on('close', () => {
      peer.isClosed = true
    })
    socket.on('data', (bytes) => {
      if (text === '') begin(socket, bytes.toString('latin1'))
      text += bytes.toString('latin1')
      if (length === Number.POSITIVE_INFINITY) length = requestLength(text)
      if (text.length < length) return
      const request = text.slice(0, length)
      text = text.slice(length)
      length = Number.POSITIVE_INFINITY
      peer.requests.push(request)
      requests.push(request)
      answer(socket, request)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, host, resolve))
  const { port } = server.address() as AddressInfo
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve())
      for (const { socket } of peers) socket.destroy()
    })
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${port}`,
    peers,
    requests,
    close,
  }
}

/** How long a request is by its head; without end where that is not whole yet. */
function requestLength(text: string): number {
  const head = text.indexOf('\r\n\r\n')
  if (head === -1) return Number.POSITIVE_INFINITY
  const [, length = 0] = /\r\ncontent-length: (\d+)\r\n/i.exec(text.slice(0, head + 2)) ?? []
  return head + 4 + Number(length)
}

/** An answer that keeps its connection. */
export function ok(body: string, headers = ''): string {
  return `HTTP/1.1 200 OK\r\n${headers}content-length: ${body.length}\r\n\r\n${body}`
}

/** The rest of a body. */
export async function textOf({ body }: Fetched): Promise<string> {
  const parts: Uint8Array[] = []
  const reader = body?.getReader()
  for (;;) {
    const packet = await reader?.read()
    if (packet === undefined || packet.done) return Buffer.concat(parts).toString()
    parts.push(packet.value)
  }
}

/** Resolves once it holds; rejects where that takes more than `ms`. */
export async function until(holds: () => boolean, ms = 2_000): Promise<void> {
  const started = performance.now()
  while (!holds()) {
    if (performance.now() - started > ms) throw new Error(`not within ${ms} ms: ${holds}`)
    await sleep(5)
  }
}
