import { expect, it } from 'vitest'
import { createHandler, type LogEntry } from '../../src/handler.ts'

function chat(signal: AbortSignal): Request {
  return new Request('http://localhost/v1/chat/completions', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'static', messages: [{ role: 'user', content: 'Hi' }] }),
    signal,
  })
}

it('cancels at once where the client has left before it is asked', async () => {
  const log: LogEntry[] = []
  const { fetch } = createHandler(
    { discover: false, insecure: true },
    { log: (entry) => log.push(entry) },
  )
  const client = new AbortController()
  const request = chat(client.signal)
  const answer = fetch(request)
  client.abort()
  await answer
  expect(log).toMatchObject([{ outcome: 'cancelled' }])
})

it('answers a request whose client has left while its body was read', async () => {
  const log: LogEntry[] = []
  const { fetch } = createHandler(
    { discover: false, insecure: true },
    { log: (entry) => log.push(entry) },
  )
  const client = new AbortController()
  const request = chat(new AbortController().signal)
  const read = request.arrayBuffer.bind(request)
  client.abort()
  Object.defineProperty(request, 'signal', { value: client.signal })
  Object.defineProperty(request, 'arrayBuffer', { value: read })
  expect((await fetch(request)).status).toBe(499)
  expect(log).toMatchObject([{ outcome: 'cancelled' }])
})
