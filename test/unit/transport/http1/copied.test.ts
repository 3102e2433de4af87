import { expect, it } from 'vitest'
import { socketFetch } from '../../../../src/transport/http1/fetch.ts'
import type { SocketEvents } from '../../../../src/transport/http1/socket.ts'

const HEAD = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n'
const SIZE = 100

/** A part of 100 bytes that came in a packet with its framing, and the packet. */
async function partOf(copied?: number) {
  let events: SocketEvents | undefined
  const fetch = socketFetch(async (_host, _port, given) => {
    events = given
    const nothing = () => {}
    return {
      ...{ isFlushed: true, write: nothing, pause: nothing, resume: nothing },
      ...{ setIdle: nothing, setActive: nothing, destroy: nothing },
    }
  }, copied)
  const asked = fetch('http://127.0.0.1:1/', {})
  await new Promise((resolve) => setTimeout(resolve))
  events?.packet(new TextEncoder().encode(HEAD))
  const packet = new TextEncoder().encode(`${SIZE.toString(16)}\r\n${'a'.repeat(SIZE)}\r\n`)
  events?.packet(packet)
  const { value } = (await (await asked).body?.getReader().read()) ?? {}
  expect(new TextDecoder().decode(value)).toBe('a'.repeat(SIZE))
  return { part: value, packet }
}

it('gives parts of a packet as views of it', async () => {
  const { part, packet } = await partOf()
  expect(part?.buffer).toBe(packet.buffer)
})

it('copies those that are so small that the host copies them sooner', async () => {
  const { part, packet } = await partOf(SIZE)
  expect(part?.buffer).not.toBe(packet.buffer)
  const larger = await partOf(SIZE - 1)
  expect(larger.part?.buffer).toBe(larger.packet.buffer)
})
