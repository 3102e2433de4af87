import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { needs } from '../support/hosts.ts'
import { type HostName, useServer } from '../support/server.ts'

const POST =
  'POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n'
/** Requests that are answered before they are complete: by a refusal, or when a second is over. */
const BEGUN = {
  'a body of 100 bytes': `${POST}content-length: 100\r\n\r\n{"a`,
  'a chunked body': `${POST}transfer-encoding: chunked\r\n\r\n5\r\nhel`,
  'a body that is refused': `${POST}content-length: 20000\r\n\r\n${'['.repeat(20_000)}`,
  'three requests': `${POST}content-length: 2\r\n\r\n{}`.repeat(3),
}

/** Clients that reset the connection of a request that was answered before its body was complete. */
export function unreadBodies(host: HostName): void {
  describe('clients that reset the connection after the answer', needs(host, 'sockets'), () => {
    const server = useServer(host, ['--body-timeout', '1s'])

    it.each(Object.entries(BEGUN))('end no other request: %s', async (_, begun) => {
      await Promise.all(
        Array.from({ length: 150 }, (_each, at) => resetLater(server.port, begun, at)),
      )
      // The server closes the connections of such requests 2 s after their answers.
      await sleep(2_500)
      expect((await fetch(`${server.url}/health`)).status).toBe(200)
    })
  })
}

async function resetLater(port: number, begun: string, at: number): Promise<void> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  socket.resume()
  socket.write(begun)
  await sleep(20)
  if (at % 5 === 0) socket.end()
  // Around the answer, which comes after a second at the latest.
  await sleep(at % 3 === 0 ? at * 10 : 950 + at)
  socket.resetAndDestroy()
}
