/**
 * A process of its own: the upstream that well-behaved clients and attackers share, once for each
 * server. It answers each request by the words in it, and closes nothing by itself.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { now } from '../../bench/clock.ts'
import { addValue, emptyHistogram } from './histogram.ts'
import {
  onCommand,
  type Ports,
  report,
  TARGETS,
  type Target,
  type UpstreamStats,
} from './messages.ts'
import {
  type Assignment,
  chatFrames,
  readAssignment,
  stamped,
  textFrames,
  wholeChat,
} from './text.ts'

/** A stream whose frames are sent one at a time. */
interface Paced {
  response: ServerResponse
  frames: string[]
  at: number
  every: number
  due: number
}

const MODELS = ['good', 'small', 'big']
const EVENTS = { 'content-type': 'text/event-stream' }
const paced = new Set<Paced>()
let lateness = emptyHistogram()
const stats: Record<Target, UpstreamStats> = {
  measured: { connections: 0, running: 0, abortable: 0 },
  other: { connections: 0, running: 0, abortable: 0 },
}
let closed: [id: string, opened: number, closed: number][] = []

async function listen(target: Target): Promise<number> {
  const server = createServer((request, response) => {
    response.on('error', () => {})
    void answer(request, response, target).catch(() => response.destroy())
  })
  Object.assign(server, { keepAliveTimeout: 0, requestTimeout: 0 })
  server.on('connection', (socket) => {
    stats[target].connections++
    socket.once('close', () => stats[target].connections--)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', 4_096, resolve))
  return (server.address() as AddressInfo).port
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  target: Target,
): Promise<void> {
  if (request.method === 'GET') {
    const data = MODELS.map((id) => ({ id, object: 'model', created: 1, owned_by: 'soak' }))
    return json(response, 200, { object: 'list', data })
  }
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part as Buffer)
  const body = Buffer.concat(parts).toString()
  stats[target].running++
  response.once('close', () => stats[target].running--)
  const assignment = readAssignment(body)
  if (assignment) return follow(assignment, body, request.url ?? '', response)
  misbehave(body, response, target)
}

function follow(
  assignment: Assignment,
  body: string,
  path: string,
  response: ServerResponse,
): void {
  const { model, stream, stream_options } = JSON.parse(body) as {
    model: string
    stream?: boolean
    stream_options?: { include_usage?: boolean }
  }
  const hasUsage = stream_options?.include_usage === true
  if (stream !== true) {
    const text = JSON.stringify(wholeChat(assignment, model))
    setTimeout(() => send(response, 200, text), assignment.tokens * assignment.every)
    return
  }
  const frames = path.endsWith('/chat/completions')
    ? chatFrames(assignment, model, hasUsage)
    : textFrames(assignment, model, hasUsage)
  pace(response, frames, assignment.every)
}

/** What attackers ask of the upstream that they share with others. */
function misbehave(body: string, response: ServerResponse, target: Target): void {
  const [, id] = /abort=([\w-]+)/.exec(body) ?? []
  const { model = '' } = JSON.parse(body) as { model?: string }
  if (id !== undefined) hold(response, id, target)
  else if (body.includes('held=')) response.writeHead(200, EVENTS).flushHeaders()
  else if (body.includes('poison'))
    json(response, 500, fault('The kernel crashed.', 'server_error'))
  else if (model === 'small' && body.includes('overflow'))
    json(response, 400, fault('The prompt is too long.', 'context_length_exceeded'))
  else if (!body.includes('"stream":true')) json(response, 200, wholeChat(ANY, model))
  else pace(response, chatFrames(ANY, model, true), ANY.every)
}

/** The answer to attackers who want none in particular. */
const ANY: Assignment = { id: 'attack', tokens: 20, every: 10, shape: 'text' }

/** Says one token or nothing, and then waits for the client to leave. */
function hold(response: ServerResponse, id: string, target: Target): void {
  const opened = Date.now()
  stats[target].abortable++
  response.once('close', () => {
    stats[target].abortable--
    closed.push([id, opened, Date.now()])
  })
  if (id.endsWith('silent')) return
  response.writeHead(200, EVENTS)
  const [first = ''] = chatFrames({ id, tokens: 1, every: 1, shape: 'text' }, 'good', false)
  response.write(first)
}

function pace(response: ServerResponse, frames: string[], every: number): void {
  response.writeHead(200, EVENTS)
  const stream: Paced = { response, frames, at: 0, every, due: now() }
  response.once('close', () => paced.delete(stream))
  paced.add(stream)
  step(stream, now())
}

function tick(): void {
  const time = now()
  for (const stream of paced) {
    if (stream.due > time) continue
    addValue(lateness, time - stream.due)
    step(stream, time)
  }
}

function step(stream: Paced, time: number): void {
  const { frames, response } = stream
  const frame = frames[stream.at++] ?? ''
  stream.due += stream.every * 1_000
  const isLast = stream.at >= frames.length
  if (!isLast) return void response.write(stamped(frame, time))
  paced.delete(stream)
  response.end(frame)
}

function json(response: ServerResponse, status: number, body: object): void {
  send(response, status, JSON.stringify(body))
}

function send(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
  })
  response.end(text)
}

function fault(message: string, code: string): object {
  return { error: { message, type: 'error', param: null, code } }
}

onCommand(() => {})
const [measured = 0, other = 0] = await Promise.all(TARGETS.map(listen))
const ports: Ports = { measured, other }
setInterval(tick, 1)
setInterval(() => {
  report({ type: 'upstream', stats, closed })
  report({ type: 'lateness', lateness })
  closed = []
  lateness = emptyHistogram()
}, 500)
report({ type: 'ready', ports })
