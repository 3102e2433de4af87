/** Servers that load models on demand, as the real ones behave. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { HOP_HEADER } from '../../src/wire/headers/hops.ts'
import { type Face, faces, type ManagerName } from './managers/faces.ts'
import { LoadError, Machine, type MachineOptions } from './managers/machine.ts'
import { DONE } from './oddities/plain.ts'
import { frame } from './script.ts'

export type { ManagerName } from './managers/faces.ts'

export interface ManagerOptions extends MachineOptions {
  /** Whether a request for a model that could not be loaded never gets an answer. */
  hidesFailures?: boolean
}

export interface ManagerServer extends AsyncDisposable {
  /** The root of its API: `http://127.0.0.1:PORT/v1`. */
  url: string
  machine: Machine
  /** Every request: its method and path. */
  requests: string[]
  /**
   * The same without the questions of a list of models, which carry a hop list. Those for the sizes of
   * contexts may come after the list was answered.
   */
  unlisted: string[]
  /** The JSON of all requests for an answer. */
  bodies: Asked[]
  /** How many requests came to a path. */
  count(path: string): number
  /** Requests that wait for an answer now, event streams among them. */
  waiting(): number
}

/** Starts such a server on 127.0.0.1. */
export async function startManager(
  name: ManagerName,
  options: ManagerOptions,
): Promise<ManagerServer> {
  const face: Face = faces[name]
  const machine = new Machine(options)
  const requests: string[] = []
  const unlisted: string[] = []
  const bodies: Asked[] = []
  let waiting = 0
  const server = createServer(async (request, response) => {
    const asked = `${request.method} ${request.url}`
    requests.push(asked)
    const isListed = HOP_HEADER in request.headers && asked !== 'POST /v1/chat/completions'
    if (!isListed) unlisted.push(asked)
    waiting++
    response.on('close', () => waiting--)
    await answer(request, response, face, { machine, bodies, ...options })
  })
  Object.assign(server, { keepAliveTimeout: 0 })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/v1`,
    machine,
    requests,
    unlisted,
    bodies,
    count: (path) => requests.filter((request) => request.endsWith(` ${path}`)).length,
    waiting: () => waiting,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  face: Face,
  { machine, bodies, hidesFailures }: Pick<ManagerServer, 'machine' | 'bodies'> & ManagerOptions,
): Promise<void> {
  const path = request.url ?? ''
  if (path === face.events?.path) return sendEvents(response, face.events, machine)
  const listing = path === '/v1/models' ? face.list : face.paths[path]
  if (listing !== undefined) return sendJson(response, 200, await listing(machine))
  if (request.method !== 'POST') return sendJson(response, 404, { error: 'not found' })
  const body = await readBody(request)
  bodies.push(body)
  try {
    await machine.ready(body.model.replace(/-alias$/, ''))
  } catch (error) {
    if (!(error instanceof LoadError)) throw error
    if (!hidesFailures) sendJson(response, ...face.failure(error))
    return
  }
  if (body.stream) sendStream(response, body.model)
  else sendJson(response, 200, whole(body.model))
}

/** Tells the progress of whatever is loaded, for as long as somebody reads. */
function sendEvents(
  response: ServerResponse,
  { event }: NonNullable<Face['events']>,
  machine: Machine,
): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  response.flushHeaders()
  const timer = setInterval(() => {
    for (const [model, state] of machine.states) {
      if (state === 'loading') response.write(frame(event(model, machine.progress)))
    }
  }, 100)
  response.on('close', () => clearInterval(timer))
}

interface Asked {
  model: string
  stream?: boolean
  messages?: { role: string; [field: string]: unknown }[]
}

async function readBody(request: IncomingMessage): Promise<Asked> {
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part as Buffer)
  return JSON.parse(Buffer.concat(parts).toString()) as Asked
}

function sendJson(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(body))
}

const USAGE = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 }

function sendStream(response: ServerResponse, model: string): void {
  const chunk = (delta: object, finish_reason: string | null) =>
    frame({
      ...{ id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model },
      choices: [{ index: 0, delta, finish_reason }],
    })
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  response.write(chunk({ role: 'assistant', content: 'hello' }, null))
  const usage = frame({
    ...{ id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model },
    ...{ choices: [], usage: USAGE },
  })
  response.end(chunk({}, 'stop') + usage + DONE)
}

function whole(model: string): object {
  const message = { role: 'assistant', content: 'hello' }
  const choices = [{ index: 0, message, finish_reason: 'stop' }]
  return {
    ...{ id: 'chatcmpl-1', object: 'chat.completion', created: 1, model },
    ...{ choices, usage: USAGE },
  }
}
