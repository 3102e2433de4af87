import { connect } from 'node:net'
import type { Dial } from '../../transport/http1/socket.ts'
import { connected } from '../node/dial.ts'

/**
 * The buffer that every socket reads into. Sockets can share it, because Deno reads only data that
 * has arrived, and calls back before the next read.
 */
const buffer = new Uint8Array(64 * 1024)

/** Connects with `node:net`, but reads packets without its streams, which cost more than the reading itself. */
export const dial: Dial = (host, port, events) => {
  const onread = {
    buffer,
    callback(length: number) {
      events.packet(buffer.slice(0, length))
      return true
    },
  }
  return connected(connect({ host, port, noDelay: true, onread }), events)
}
