// A model server whose answers are hostile, and the server that those answers try to reach.

import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join } from 'node:path'
import { hostileAnswers } from './hostile-answers.ts'

/** A name that the browser of the tests finds on this machine. */
export const EVIL = 'evil.example'

const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
}

/** What reached the other server. */
export interface Reached {
  /** The paths, which begin with the number of the answer. */
  requests: string[]
  connections: number
}

export interface HostileServer extends AsyncDisposable {
  url: string
  reached: Reached
}

/** A model server; `folder` holds a page that it serves as well. */
export async function startHostileServer(folder?: string): Promise<HostileServer> {
  const reached: Reached = { requests: [], connections: 0 }
  const evil = createServer((request, response) => {
    reached.requests.push(String(request.url))
    response.writeHead(200, { 'access-control-allow-origin': '*' }).end('')
  })
  evil.on('connection', () => reached.connections++)
  evil.on('upgrade', (request, socket) => {
    reached.requests.push(String(request.url))
    socket.destroy()
  })
  const port = await listen(evil)
  const own = createServer((request, response) => void answer(request, response, port, folder))
  const url = `http://127.0.0.1:${await listen(own)}`
  return {
    url,
    reached,
    async [Symbol.asyncDispose]() {
      for (const server of [evil, own]) {
        server.closeAllConnections()
        server.close()
      }
    },
  }
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  evilPort: number,
  folder: string | undefined,
): Promise<void> {
  const { pathname } = new URL(request.url ?? '/', 'http://x')
  if (pathname === '/v1/models') {
    const model = { id: 'hostile', object: 'model', created: 1, owned_by: 'tests' }
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ object: 'list', data: [model] }))
    return
  }
  if (pathname === '/v1/chat/completions') {
    const parts = await request.toArray()
    const { messages } = JSON.parse(Buffer.concat(parts).toString()) as {
      messages: { content: string }[]
    }
    await stream(response, textFor(messages.at(-1)?.content ?? '', evilPort))
    return
  }
  const name = pathname === '/' ? 'index.html' : pathname.slice(1)
  const bytes = folder && (await readFile(join(folder, name)).catch(() => undefined))
  if (!bytes) {
    response.writeHead(404).end()
    return
  }
  const type = types[extname(name)] ?? 'application/octet-stream'
  response.writeHead(200, { 'content-type': type }).end(bytes)
}

/** The answer with the number that the question has; any other question is repeated. */
function textFor(question: string, evilPort: number): string {
  const number = /^answer (\d+)$/.exec(question)?.[1]
  const text = number === undefined ? question : (hostileAnswers[Number(number)]?.text ?? '')
  const schemeless = `//${EVIL}:${evilPort}/${number ?? 'x'}`
  return text.replaceAll('EVIL', `http:${schemeless}`).replaceAll('//SCHEMELESS', schemeless)
}

/** In pieces of a few characters, so that every tag is rendered half first. */
async function stream(response: ServerResponse, text: string): Promise<void> {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  const send = (delta: object, finish_reason: string | null = null) => {
    const choices = [{ index: 0, delta, finish_reason }]
    const chunk = {
      id: 'a',
      object: 'chat.completion.chunk',
      created: 1,
      model: 'hostile',
      choices,
    }
    response.write(`data: ${JSON.stringify(chunk)}\n\n`)
  }
  const step = Math.max(7, Math.ceil(text.length / 15))
  for (let at = 0; at < text.length; at += step) {
    send({ content: text.slice(at, at + step) })
    await new Promise((resolve) => setTimeout(resolve, 4))
  }
  send({}, 'stop')
  response.end('data: [DONE]\n\n')
}
