import { connect } from 'node:net'
import type { Dial } from '../../transport/http1/socket.ts'
import { connected } from '../node/dial.ts'

/**
 * What every socket reads into. They can share it: Deno reads only what is there already, and hands
 * it over before it reads on.
 */
const buffer = new Uint8Array(64 * 1024)

/** Connects by `node:net`, and takes packets from below its streams, which cost more than they. */
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
