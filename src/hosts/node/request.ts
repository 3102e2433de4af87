import type { IncomingMessage, ServerResponse } from 'node:http'
import { NodeRequest } from 'srvx/node'

/**
 * A request whose body, asked for as a whole, is read from `node:http` itself: srvx reads it
 * through a second request and two streams, which costs more than all that is done with it later.
 */
export function directRequest(req: IncomingMessage, res: ServerResponse): Request {
  const request = new NodeRequest({ req, res })
  const indirect = request.arrayBuffer.bind(request)
  return Object.assign(request, {
    // What someone else reads, or has broken off, is for srvx to refuse.
    arrayBuffer: () => (req.readableDidRead || req.destroyed ? indirect() : readWhole(req)),
  })
}

/** Rejects where the client breaks off. */
function readWhole(message: IncomingMessage): Promise<ArrayBuffer> {
  const parts: Buffer[] = []
  message.on('data', (part: Buffer) => parts.push(part))
  return new Promise((resolve, reject) => {
    message.once('error', reject)
    message.once('end', () => resolve(joined(parts)))
    message.once('close', () => {
      // It comes behind the end as well, and an error costs as much as a system call.
      if (!message.readableEnded) reject(new Error('the client broke off'))
    })
  })
}

/** In memory of its own, which a `Buffer` may share with others. Copied once: it may be 20 MB. */
function joined(parts: Buffer[]): ArrayBuffer {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole.buffer
}
