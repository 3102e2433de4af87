/** The code under test: the HTTP client, over a socket in memory. */
import { socketFetch } from '../../../src/transport/http1/fetch.ts'
import type { Socket, SocketEvents } from '../../../src/transport/http1/socket.ts'
import { latin1Of } from '../bytes.ts'
import type { Answer, Closing } from './answer.ts'

type Bytes = Uint8Array<ArrayBuffer>

/** What our client makes of the packets of a connection on which one answer is expected. */
export async function readBySluice(packets: Bytes[], closing: Closing): Promise<Answer> {
  const { fetch, sent, state } = connect()
  const answering = fetch('http://upstream.test/', {})
  answering.catch(() => {})
  const events = await sent
  for (const packet of packets) {
    if (state.isClosed) break
    events.packet(packet)
  }
  const isReusable = state.isIdle && !state.isClosed
  if (!state.isClosed) events.close(closing === 'clean')
  return { ...(await collected(answering)), isReusable }
}

/** A client with one connection: `sent` resolves with its events when the request was written. */
function connect() {
  const sending = Promise.withResolvers<SocketEvents>()
  const state = { isIdle: false, isClosed: false }
  const fetch = socketFetch(async (_host, _port, events) => {
    const socket: Socket = {
      isFlushed: true,
      write: () => sending.resolve(events),
      pause() {},
      resume() {},
      setIdle() {
        state.isIdle = true
      },
      setActive() {},
      destroy() {
        state.isClosed = true
      },
    }
    return socket
  })
  return { fetch, state, sent: sending.promise }
}

async function collected(answering: ReturnType<ReturnType<typeof socketFetch>>) {
  let body = ''
  try {
    const { status, headers, body: stream } = await answering
    const fields = Object.fromEntries(headers.entries?.() ?? [])
    try {
      const reader = stream?.getReader()
      for (let next = await reader?.read(); next && !next.done; next = await reader?.read()) {
        body += latin1Of(next.value)
      }
      return { verdict: 'complete', status, headers: fields, body } as const
    } catch {
      return { verdict: 'cut', status, headers: fields, body } as const
    }
  } catch {
    return { verdict: 'refused', status: 0, headers: {}, body: '' } as const
  }
}
