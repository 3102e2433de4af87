// A process of its own: it streams to each request what that request is called, token by token.
// Prints its port once it listens.

import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { END, token } from '../support/talk.ts'

interface Asked {
  messages: { content: string }[]
  /** How many tokens, and the milliseconds between two. */
  tokens: number
  every: number
}

interface Stream {
  response: ServerResponse
  name: string
  sent: number
  tokens: number
  every: number
  due: number
}

const streams = new Set<Stream>()

const server = createServer(async (request, response) => {
  if (request.method === 'GET') {
    response.setHeader('content-type', 'application/json')
    response.end('{"object":"list","data":[{"id":"m","object":"model"}]}')
    return
  }
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part as Buffer)
  const { messages, tokens, every } = JSON.parse(Buffer.concat(parts).toString()) as Asked
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  const due = performance.now() + Math.random() * every
  const stream = { response, name: messages[0]?.content ?? '', sent: 0, tokens, every, due }
  streams.add(stream)
  response.once('close', () => streams.delete(stream))
})
Object.assign(server, { keepAliveTimeout: 0, requestTimeout: 0 })

setInterval(() => {
  const now = performance.now()
  for (const stream of streams) {
    if (stream.due > now) continue
    stream.due += stream.every
    if (stream.sent < stream.tokens)
      stream.response.write(token(`${stream.name}:${stream.sent++} `))
    else {
      stream.response.end(END)
      streams.delete(stream)
    }
  }
}, 10)

server.listen(0, '127.0.0.1', 4_096, () => console.log((server.address() as AddressInfo).port))
