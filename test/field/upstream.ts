/** A chat server that is scripted, and as strict as the strictest chat templates. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Reply, replyTo } from './model.ts'
import { random } from './sample.ts'
import { type ChatBody, refusalOf } from './template.ts'

/** One request, and what became of it. */
export interface Asked {
  path: string
  body: ChatBody
  reply?: Reply
  /** Why it was refused. */
  refused?: string
  /** How many parts of a stream were sent. */
  sent: number
  /** When the client left before the end, by `performance.now()`. */
  leftAt?: number
  /** The answer was sent to its end. */
  isWhole: boolean
}

/** What answers behind sluice. */
export interface FieldEngine {
  asked: Asked[]
  /** Leaves at once, as a server that has crashed: it listens no more, and its connections are closed. */
  goDown(): Promise<void>
  /** What went wrong though the client has said nothing of it. */
  fault?(): string | undefined
}

interface FieldUpstream extends FieldEngine {
  url: string
}

interface Options {
  models: string[]
  /** The folder that tools read from. */
  folder: string
  seed: number
}

const SLOW_GAP = 150

export async function startFieldUpstream(options: Options): Promise<FieldUpstream> {
  const asked: Asked[] = []
  const draw = random(options.seed)
  const newId = () => Array.from({ length: 9 }, () => Math.floor(draw() * 36).toString(36)).join('')
  const server = createServer((request, response) => {
    answer(request, response, options, asked, newId).catch((error: unknown) => {
      if (response.headersSent) response.destroy()
      else json(response, 500, { error: { message: String(error) } })
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const goDown = async () => {
    const closed = new Promise((resolve) => server.close(resolve))
    server.closeAllConnections()
    await closed
  }
  return { url: `http://127.0.0.1:${port}`, asked, goDown }
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { models, folder }: Options,
  asked: Asked[],
  newId: () => string,
): Promise<void> {
  const path = request.url ?? ''
  if (request.method === 'GET') {
    const data = models.map((id) => ({ id, object: 'model', created: 1, owned_by: 'field' }))
    if (/^\/(v1\/)?models$/.test(path)) return json(response, 200, { object: 'list', data })
    return notFound(response, `No route ${path}.`)
  }
  let text = ''
  for await (const part of request) text += part
  const body = JSON.parse(text) as ChatBody
  const entry: Asked = { path, body, sent: 0, isWhole: false }
  asked.push(entry)
  if (!models.includes(body.model ?? '')) {
    entry.refused = `The model \`${body.model}\` does not exist.`
    return notFound(response, entry.refused)
  }
  if (path.endsWith('/embeddings')) return embed(response, entry)
  if (path.endsWith('/chat/completions')) {
    entry.refused = refusalOf(body)
    if (entry.refused !== undefined) return refuse(response, entry.refused)
    entry.reply = replyTo(body, folder)
    return chat(response, entry, entry.reply, newId)
  }
  if (path.endsWith('/completions')) return complete(response, entry, folder)
  return notFound(response, `No route ${path}.`)
}

const usage = { prompt_tokens: 100, completion_tokens: 10, total_tokens: 110 }

async function chat(response: ServerResponse, entry: Asked, reply: Reply, newId: () => string) {
  const { stream, stream_options, model } = entry.body
  const id = `chatcmpl-${newId()}`
  const created = Math.floor(Date.now() / 1000)
  const calls = reply.calls?.map((call) => ({ id: newId(), type: 'function', function: call }))
  const finish_reason = calls ? 'tool_calls' : 'stop'
  if (!stream) {
    if (reply.isSlow && !(await waits(response, entry))) return
    const message = { role: 'assistant', content: reply.text ?? null, tool_calls: calls }
    const choices = [{ index: 0, message, finish_reason }]
    json(response, 200, { id, object: 'chat.completion', created, model, choices, usage })
    entry.isWhole = true
    return
  }
  const base = { id, object: 'chat.completion.chunk', created, model }
  const deltas: object[] = [{ role: 'assistant', content: reply.text === undefined ? null : '' }]
  for (const [index, call] of (calls ?? []).entries()) deltas.push(...callDeltas(index, call))
  for (const content of reply.text?.match(/\S+\s*|\s+/g) ?? []) deltas.push({ content })
  const frames = deltas.map((delta) => ({
    ...base,
    choices: [{ index: 0, delta, finish_reason: null as string | null }],
  }))
  frames.push({ ...base, choices: [{ index: 0, delta: {}, finish_reason }] })
  const last = stream_options?.include_usage ? [{ ...base, choices: [], usage }] : []
  await send(response, entry, [...frames, ...last], reply.isSlow ? SLOW_GAP : 0)
}

/** A call as servers stream it: its name, then its arguments in pieces. */
function callDeltas(index: number, call: { function: { name: string; arguments: string } }) {
  const { name, arguments: text } = call.function
  const head = { tool_calls: [{ ...call, index, function: { name, arguments: '' } }] }
  const pieces = (text.match(/.{1,40}/gs) ?? []).map((piece) => {
    return { tool_calls: [{ index, function: { arguments: piece } }] }
  })
  return [head, ...pieces]
}

/** Notes when the client leaves before the answer's end. */
function watch(response: ServerResponse, entry: Asked): void {
  response.on('close', () => {
    if (!entry.isWhole) entry.leftAt = performance.now()
  })
}

/** The time that a whole answer takes to generate. Resolves with whether the client has stayed. */
async function waits(response: ServerResponse, entry: Asked): Promise<boolean> {
  watch(response, entry)
  entry.sent = 10
  for (let step = 0; step < 300 && entry.leftAt === undefined; step++) await sleep(200)
  return entry.leftAt === undefined
}

async function send(response: ServerResponse, entry: Asked, frames: object[], gap: number) {
  watch(response, entry)
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  for (const frame of frames) {
    if (entry.leftAt !== undefined) return
    response.write(`data: ${JSON.stringify(frame)}\n\n`)
    entry.sent++
    if (gap > 0) await sleep(gap)
  }
  entry.isWhole = true
  response.end('data: [DONE]\n\n')
}

/** The old completions API, with the same words in the prompt. */
async function complete(response: ServerResponse, entry: Asked, folder: string) {
  const { prompt, stream, model } = entry.body as ChatBody & { prompt?: unknown }
  const content = Array.isArray(prompt) ? prompt.join('\n') : String(prompt)
  entry.reply = replyTo({ messages: [{ role: 'user', content }] }, folder)
  const base = { id: 'cmpl-1', object: 'text_completion', created: 1, model }
  const choice = (text: string, finish_reason: string | null) => {
    return { ...base, choices: [{ index: 0, text, finish_reason, logprobs: null }] }
  }
  const { text = '', isSlow } = entry.reply
  if (!stream) {
    if (isSlow && !(await waits(response, entry))) return
    entry.isWhole = true
    return json(response, 200, { ...choice(text, 'stop'), usage })
  }
  const words = text.match(/\S+\s*/g) ?? []
  const frames = [...words.map((word) => choice(word, null)), choice('', 'stop')]
  return send(response, entry, frames, isSlow ? SLOW_GAP : 0)
}

function embed(response: ServerResponse, entry: Asked): void {
  const { input } = entry.body as { input?: unknown }
  const count = Array.isArray(input) && typeof input[0] !== 'number' ? input.length : 1
  const data = Array.from({ length: count }, (_, index) => {
    return { object: 'embedding', index, embedding: [0.5, -0.5, 0.25, 0.125] }
  })
  entry.isWhole = true
  json(response, 200, { object: 'list', data, model: entry.body.model, usage })
}

function refuse(response: ServerResponse, message: string): void {
  json(response, 400, { error: { message, type: 'invalid_request_error', code: 400 } })
}

function notFound(response: ServerResponse, message: string): void {
  json(response, 404, { error: { message, type: 'not_found_error', code: 404 } })
}

function json(response: ServerResponse, status: number, value: object): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(value))
}
