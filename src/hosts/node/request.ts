import type { IncomingMessage, ServerResponse } from 'node:http'
import { NodeRequest } from 'srvx/node'

/**
 * A request whose `arrayBuffer()` reads the body from `node:http` itself. srvx reads it through a
 * second request and two streams, which takes longer than parsing and routing the request.
 */
export function directRequest(req: IncomingMessage, res: ServerResponse): Request {
  const request = new NodeRequest({ req, res })
  const indirect = request.arrayBuffer.bind(request)
  return Object.assign(request, {
    // A body that was read already or was cut off is left to srvx, which rejects with the usual error.
    arrayBuffer: () => (req.readableDidRead || req.destroyed ? indirect() : readWhole(req)),
  })
}

/** Rejects where the client disconnects before the body's end. */
function readWhole(message: IncomingMessage): Promise<ArrayBuffer> {
  const parts: Buffer[] = []
  message.on('data', (part: Buffer) => parts.push(part))
  return new Promise((resolve, reject) => {
    message.once('error', reject)
    message.once('end', () => resolve(concatenate(parts)))
    message.once('close', () => {
      // `close` follows `end` too, and making an error with its stack costs as much as a system call.
      if (!message.readableEnded)
        reject(new Error('the client disconnected while sending its body'))
    })
  })
}

/** Copies the parts once, since a body may have 20 MB. A `Buffer` may share its memory with others. */
function concatenate(parts: Buffer[]): ArrayBuffer {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole.buffer
}
