import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** An upstream that keeps each request body as text, because parsing would change long integers. */
export interface Echo {
  /** The API's root: `http://127.0.0.1:PORT/v1`. */
  url: string
  /** The bodies of all requests, oldest first. */
  bodies: string[]
  close(): void
}

const head = { id: 'x', created: 1, model: 'm' }
const usage = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 }

/** Streams a token every 5 ms to a chat until its client disconnects; answers all else at once. */
export async function startEcho(): Promise<Echo> {
  const bodies: string[] = []
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = []
    for await (const part of request) parts.push(part as Buffer)
    const body = Buffer.concat(parts).toString()
    if (request.method === 'POST') bodies.push(body)
    if (body.includes('"stream":true')) stream(response)
    else
      response
        .setHeader('content-type', 'application/json')
        .end(JSON.stringify(answer(request.url)))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/v1`,
    bodies,
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}

function stream(response: ServerResponse): void {
  response.setHeader('content-type', 'text/event-stream')
  const choices = [{ index: 0, delta: { role: 'assistant', content: 'a' }, finish_reason: null }]
  const chunk = { ...head, object: 'chat.completion.chunk', choices }
  const timer = setInterval(() => response.write(`data: ${JSON.stringify(chunk)}\n\n`), 5)
  response.on('close', () => clearInterval(timer))
}

function answer(url = ''): object {
  const end = { index: 0, finish_reason: 'stop' }
  if (url.endsWith('/models')) return { object: 'list', data: [{ id: 'm', object: 'model' }] }
  if (url.endsWith('/embeddings')) {
    const data = [{ object: 'embedding', index: 0, embedding: [1] }]
    return { object: 'list', model: 'm', data, usage }
  }
  if (url.endsWith('/chat/completions')) {
    const message = { role: 'assistant', content: 'a' }
    return { ...head, object: 'chat.completion', choices: [{ ...end, message }], usage }
  }
  const choices = [{ ...end, text: 'a', logprobs: null }]
  return { ...head, object: 'text_completion', choices, usage }
}
