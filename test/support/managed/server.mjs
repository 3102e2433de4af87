// A small model server that tests start as a managed one. What it does is told by its flags:
//   --port N          listens there
//   --load MS         GET /health answers 503 for so long
//   --hang            GET /health never answers
//   --no-health       has no /health
//   --model NAME      the only model that it lists and accepts
//   --pace MS         the pause between two words of an answer
//   --words N         the words of an answer
//   --exit CODE       ends at once with that code
//   --die-after N     kills itself after so many words
//   --ignore-term     ignores SIGTERM
//   --grandchild      starts a process that ignores SIGTERM and holds its output open
//   --pids FILE       appends its process id, and its grandchild's, to that file

import { spawn } from 'node:child_process'
import { appendFileSync } from 'node:fs'
import { createServer } from 'node:http'

const args = process.argv.slice(2)
/** @param {string} name @param {string} [fallback] */
const flag = (name, fallback) =>
  args.includes(name) ? (args[args.indexOf(name) + 1] ?? '') : fallback
const has = (/** @type {string} */ name) => args.includes(name)
const number = (/** @type {string} */ name, fallback = 0) => Number(flag(name, String(fallback)))

const started = Date.now()
const model = flag('--model', 'scripted.gguf') ?? ''
const pids = flag('--pids')
const note = (/** @type {number | undefined} */ pid) => pids && appendFileSync(pids, `${pid}\n`)

note(process.pid)
const own = Object.keys(process.env).filter((name) => name.startsWith('SLUICE_'))
const settings = own.length === 0 ? 'no settings' : own.join(' ')
console.log(`the server starts, with TOKEN=${process.env.TOKEN ?? ''} and ${settings} of sluice`)
if (has('--ignore-term')) process.on('SIGTERM', () => console.log('SIGTERM is ignored'))
if (has('--grandchild')) {
  const script = 'process.on("SIGTERM", () => {}); setInterval(() => {}, 1000)'
  note(spawn(process.execPath, ['-e', script], { stdio: 'inherit' }).pid)
}
if (has('--exit')) {
  console.error('error: the model cannot be loaded\u001b[2J')
  process.exit(number('--exit'))
}

const server = createServer(async (request, response) => {
  const { url = '' } = request
  /** @param {number} status @param {unknown} body */
  const answer = (status, body) => {
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(JSON.stringify(body))
  }
  const isLoading = Date.now() - started < number('--load')
  if (url === '/health') {
    if (has('--hang')) return
    if (has('--no-health')) return answer(404, { error: { message: 'not found' } })
    if (isLoading) return answer(503, { error: { message: 'Loading model' } })
    return answer(200, { status: 'ok', pid: process.pid })
  }
  if (url === '/v1/models') {
    if (isLoading) return answer(503, { error: { message: 'Loading model' } })
    const meta = { n_ctx_train: 4096 }
    return answer(200, {
      object: 'list',
      data: [{ id: model, object: 'model', created: 1, owned_by: 'me', meta }],
    })
  }
  let text = ''
  for await (const part of request) text += part
  const body = JSON.parse(text || '{}')
  if (isLoading) return answer(503, { error: { message: 'Loading model' } })
  if (body.model !== model) return answer(404, { error: { message: `no model ${body.model}` } })
  if (url !== '/v1/chat/completions')
    return answer(200, {
      object: 'list',
      data: [{ object: 'embedding', index: 0, embedding: [1, 2] }],
      model,
      usage: { prompt_tokens: 1, total_tokens: 1 },
    })
  await stream(body, response)
})
server.on('error', (error) => {
  console.error(error.message)
  process.exit(1)
})
server.listen(number('--port'), '127.0.0.1', () => console.log('listening'))

/** @param {{ stream?: boolean, max_tokens?: number }} body @param {import('node:http').ServerResponse} response */
async function stream(body, response) {
  const words = body.max_tokens ?? number('--words', 3)
  const base = { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model }
  if (!body.stream) {
    const message = { role: 'assistant', content: `process ${process.pid}` }
    const choices = [{ index: 0, message, finish_reason: 'stop' }]
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(
      JSON.stringify({
        ...base,
        object: 'chat.completion',
        choices,
        usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 },
      }),
    )
    return
  }
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  /** @param {object} delta @param {string | null} [reason] */
  const send = (delta, reason = null) =>
    response.write(
      `data: ${JSON.stringify({ ...base, choices: [{ index: 0, delta, finish_reason: reason }] })}\n\n`,
    )
  send({ role: 'assistant', content: '' })
  for (let word = 0; word < words && !response.destroyed; word++) {
    if (has('--die-after') && word === number('--die-after')) process.kill(process.pid, 'SIGKILL')
    send({ content: `word ` })
    await new Promise((resolve) => setTimeout(resolve, number('--pace', 1)))
  }
  send({}, 'stop')
  response.end('data: [DONE]\n\n')
}
