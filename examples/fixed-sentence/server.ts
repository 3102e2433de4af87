/** A server that streams a fixed sentence, one word every 100 ms. It knows nothing of sluice. */
import { createServer, type ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

const sentence = 'Water finds its way word by word.'

/** Sends each word as one event, in the form that OpenAI's clients read. */
async function stream(response: ServerResponse) {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  const send = (delta: object, finish_reason: string | null = null) => {
    const chunk = {
      id: 'sentence',
      object: 'chat.completion.chunk',
      created: Math.floor(Date.now() / 1000),
      model: 'sentence',
      choices: [{ index: 0, delta, finish_reason }],
    }
    response.write(`data: ${JSON.stringify(chunk)}\n\n`)
  }
  send({ role: 'assistant', content: '' })
  for (const word of sentence.split(' ')) {
    send({ content: `${word} ` })
    await sleep(100)
    // The client has left.
    if (response.destroyed) return
  }
  send({}, 'stop')
  response.end('data: [DONE]\n\n')
}

const page = `<!doctype html>
<title>A fixed sentence</title>
<p></p>
<script type="module">
  const events = new EventSource('/events')
  events.onmessage = ({ data }) => {
    if (data === '[DONE]') return events.close()
    document.querySelector('p').append(JSON.parse(data).choices[0].delta.content ?? '')
  }
</script>
`

export const server = createServer((request, response) => {
  const route = `${request.method} ${request.url}`
  // A browser's EventSource can only GET.
  if (route === 'POST /v1/chat/completions' || route === 'GET /events') void stream(response)
  else if (route === 'GET /v1/models') {
    const model = { id: 'sentence', object: 'model', created: 0, owned_by: 'me' }
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ object: 'list', data: [model] }))
  } else if (route === 'GET /') {
    response.setHeader('content-type', 'text/html; charset=utf-8')
    response.end(page)
  } else response.writeHead(404).end()
})

if (import.meta.main) {
  server.listen(8000, '127.0.0.1', () => console.log('http://127.0.0.1:8000'))
}
