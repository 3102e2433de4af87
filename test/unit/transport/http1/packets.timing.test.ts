import { type AddressInfo, createServer, type Socket as Peer, type Server } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import type { Socket } from '../../../../src/transport/http1/socket.ts'
import { dial, until } from './raw-server.ts'

type Bytes = Uint8Array<ArrayBuffer>

const MANY = 20

let server: Server
let peers: Peer[] = []

async function listen(greet: (peer: Peer, at: number) => void): Promise<number> {
  server = createServer((peer) => {
    peer.on('error', () => {})
    greet(peer, peers.push(peer) - 1)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

afterEach(() => {
  for (const peer of peers) peer.destroy()
  peers = []
  server.close()
})

/** A connection, and all that it tells. */
async function connect(port: number) {
  const packets: Bytes[] = []
  const closings: boolean[] = []
  const socket: Socket = await dial('127.0.0.1', port, {
    packet: (bytes) => void packets.push(bytes),
    close: (isClean) => void closings.push(isClean),
  })
  return { socket, packets, closings }
}

const textOf = (packets: Bytes[]) => Buffer.concat(packets).toString()

describe('packets', () => {
  it('are kept whole while others come, on other connections and on their own', async () => {
    const port = await listen((peer, at) => {
      peer.setNoDelay(true)
      let sent = 0
      const timer = setInterval(() => {
        peer.write(`${at}:${sent++};`)
        if (sent === MANY) clearInterval(timer)
      }, 2)
    })
    const all = await Promise.all(Array.from({ length: MANY }, () => connect(port)))
    const wanted = (at: number) => Array.from({ length: MANY }, (_, n) => `${at}:${n};`).join('')
    await until(() => all.every(({ packets }) => textOf(packets).endsWith(`:${MANY - 1};`)))
    expect(all.map(({ packets }) => textOf(packets)).toSorted()).toEqual(
      all.map((_, at) => wanted(at)).toSorted(),
    )
    for (const { socket } of all) socket.destroy()
  })

  it('are no Buffers', async () => {
    const port = await listen((peer) => peer.write('the receiver keeps it'))
    const { socket, packets } = await connect(port)
    await until(() => packets.length > 0)
    expect(packets[0]?.constructor).toBe(Uint8Array)
    socket.destroy()
  })

  it('come no more while the connection is paused, and then come whole', async () => {
    const size = 4 * 1024 * 1024
    const port = await listen((peer) => peer.write(new Uint8Array(size)))
    const { socket, packets } = await connect(port)
    await until(() => packets.length > 0)
    socket.pause()
    await sleep(50)
    const before = packets.length
    await sleep(100)
    expect(packets.length).toBe(before)
    socket.resume()
    const length = () => packets.reduce((total, packet) => total + packet.length, 0)
    await until(() => length() === size)
    socket.destroy()
  })
})

describe('the end of a connection', () => {
  it('is told as clean where the other side ended it, after its last packet', async () => {
    const port = await listen((peer) => peer.end('all there is'))
    const { packets, closings } = await connect(port)
    await until(() => closings.length > 0)
    expect([textOf(packets), closings]).toEqual(['all there is', [true]])
  })

  it('is told as not clean where the other side broke it off', async () => {
    const port = await listen((peer) => void peer.write('half of it'))
    const { packets, closings } = await connect(port)
    await until(() => packets.length > 0)
    peers[0]?.resetAndDestroy()
    await until(() => closings.length > 0)
    expect(closings).toEqual([false])
  })
})
