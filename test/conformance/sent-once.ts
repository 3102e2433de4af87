import type { Socket } from 'node:net'
import { afterAll, describe, expect, it } from 'vitest'
import { needs } from '../support/hosts.ts'
import { postChat, readStream } from '../support/read.ts'
import { type HostName, useServerWith } from '../support/server.ts'
import { END, token } from '../support/talk.ts'
import { ok, type RawServer, startRaw } from '../unit/transport/http1/raw-server.ts'

/** What a server does with the second chat on a connection, instead of answering it. */
const CLOSINGS = {
  'closes the connection': (socket: Socket) => socket.end(),
  'resets the connection': (socket: Socket) => socket.resetAndDestroy(),
  'closes it after half a second': (socket: Socket) => setTimeout(() => socket.end(), 500),
  'closes it in its head': (socket: Socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-'),
} as const

/**
 * A server that has read a generation may have run it: it costs as much again to send it twice. So a
 * connection that closes without an answer is a failed attempt like any other.
 */
export function sentOnce(host: HostName): void {
  describe.each([
    ['with --no-retry', ['--no-retry'], 1],
    ['by default', [], 2],
  ] as const)('%s', (_, flags, most) => {
    const relay = useClosing(host, [...flags])

    it.each(Object.keys(CLOSINGS) as (keyof typeof CLOSINGS)[])(
      `a chat reaches a server that %s at most so often: ${most}`,
      async (closing) => {
        relay.closing = closing
        // So that there is a connection to be used again.
        const first = await ask(relay, 'one that is answered')
        expect(await readStream(first)).toMatchObject({ outcome: 'finished' })
        const response = await ask(relay, `one that is not: ${closing}`)
        const isAnswered = response.status === 200
        await response.text()
        const id = response.headers.get('x-request-id')
        const entry = await relay.server.nextLog((each) => each.id === id)
        const arrived = relay.arrivals(`one that is not: ${closing}`)
        expect(arrived).toBeGreaterThan(0)
        expect(arrived).toBeLessThanOrEqual(most)
        // Each time that it was sent is an attempt in the log.
        expect(entry.attempts ?? 1).toBe(arrived)
        expect(entry.outcome).toBe(isAnswered ? 'finished' : 'failed')
      },
    )
  })
}

/**
 * A server that restarts behind a proxy leaves connections that look open: each fails at its next request.
 * No client should notice.
 */
export function staleConnections(host: HostName): void {
  const MANY = 24
  const old = new Set<Socket>()
  let isRestarted = false
  let upstream: RawServer | undefined
  const server = useServerWith(host, async () => {
    upstream = await startRaw((socket, request) => {
      if (request.startsWith('GET')) {
        socket.end(json({ object: 'list', data: [{ id: 'm' }] }))
        return
      }
      if (!isRestarted) old.add(socket)
      if (isRestarted && old.has(socket)) socket.end()
      else setTimeout(() => socket.write(chat), 50)
    })
    return { flags: ['--upstream', `gpu=${upstream.url}/v1`] }
  })
  afterAll(() => upstream?.close())

  const outcomes = async () => {
    const asked = Array.from({ length: MANY }, async (_, number) => {
      const messages = [{ role: 'user', content: `number ${number}` }]
      const response = await postChat(server.base, { model: 'm', messages, stream: true })
      return response.status === 200 ? (await readStream(response)).outcome : response.status
    })
    return Promise.all(asked)
  }

  it(
    'clients of a server that has restarted notice nothing of it',
    needs(host, 'sockets', 'stale-connections'),
    async () => {
      const fine = Array(MANY).fill('finished')
      expect(await outcomes()).toEqual(fine)
      isRestarted = true
      expect(await outcomes()).toEqual(fine)
      expect(await outcomes()).toEqual(fine)
    },
  )
}

/** sluice before a server that answers the first chat on a connection, and breaks off at the second. */
function useClosing(host: HostName, flags: string[]) {
  let upstream: RawServer | undefined
  const relay = {
    closing: 'closes the connection' as keyof typeof CLOSINGS,
    arrivals: (text: string) =>
      upstream?.requests.filter((each) => each.startsWith('POST') && each.includes(text)).length,
    server: useServerWith(host, async () => {
      upstream = await startRaw((socket, request) => {
        if (request.startsWith('GET')) socket.write(json({ object: 'list', data: [{ id: 'm' }] }))
        else if (request.includes('one that is answered')) socket.write(chat)
        else CLOSINGS[relay.closing](socket)
      })
      return { flags: ['--upstream', `gpu=${upstream.url}/v1`, ...flags] }
    }),
  }
  afterAll(() => upstream?.close())
  return relay
}

function ask({ server }: ReturnType<typeof useClosing>, content: string): Promise<Response> {
  const messages = [{ role: 'user', content }]
  return postChat(server.base, { model: 'm', messages, stream: true })
}

const chat = ok(token() + END, 'content-type: text/event-stream\r\n')

function json(value: unknown): string {
  return ok(JSON.stringify(value), 'content-type: application/json\r\n')
}
