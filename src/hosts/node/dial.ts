import { connect, type Socket as NetSocket } from 'node:net'
import type { Dial, Socket, SocketEvents } from '../../transport/http1/socket.ts'

/** The bytes as a `Uint8Array`: a `Buffer` overrides its methods, and its `slice` does not copy. */
function plain({ buffer, byteOffset, length }: Buffer<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return new Uint8Array(buffer, byteOffset, length)
}

/** Connects with `node:net`. */
export const dial: Dial = (host, port, events) => {
  const socket = connect({ host, port, noDelay: true })
  socket.on('data', (bytes: Buffer<ArrayBuffer>) => events.packet(plain(bytes)))
  return connected(socket, events)
}

/** Resolves once the socket is connected. The caller reads its packets. */
export function connected(socket: NetSocket, events: Pick<SocketEvents, 'close'>): Promise<Socket> {
  return new Promise((resolve, reject) => {
    let hasEnded = false
    socket.once('error', reject)
    socket.on('end', () => {
      hasEnded = true
    })
    socket.on('timeout', () => socket.destroy())
    socket.once('connect', () => {
      // A later error needs no handling here: the `close` event follows it.
      socket.off('error', reject).on('error', () => {})
      socket.once('close', () => events.close(hasEnded))
      resolve({
        get isFlushed() {
          return socket.writableLength === 0
        },
        write: (bytes) => void socket.write(bytes),
        pause: () => void socket.pause(),
        resume: () => void socket.resume(),
        setIdle: (ms) => void socket.unref().setTimeout(ms),
        setActive: () => void socket.ref().setTimeout(0),
        destroy: () => void socket.resetAndDestroy(),
      })
    })
  })
}
