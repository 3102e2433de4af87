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
    // In memory of its own: a `Buffer` may lie in one that it shares with others.
    message.once('end', () => resolve(new Uint8Array(Buffer.concat(parts)).buffer))
    message.once('close', () => {
      // It comes behind the end as well, and an error costs as much as a system call.
      if (!message.readableEnded) reject(new Error('the client broke off'))
    })
  })
}
