import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach } from 'vitest'
import { check } from '../../../src/check/check.ts'
import { dialectAt, dialects } from '../../../src/check/dialects/dialects.ts'
import type { Report } from '../../../src/check/report.ts'
import type { DialectName } from '../../../src/check/rules/rule.ts'
import { dial } from '../../../src/hosts/node/dial.ts'
import { socketFetch } from '../../../src/transport/http1/fetch.ts'
import { sound } from '../../support/zoo/chat.ts'
import { soundCalls, soundForm } from '../../support/zoo/tools.ts'
import { soundIn } from '../../support/zoo.ts'

interface Asked {
  model?: string
  stream?: boolean
  stream_options?: { include_usage?: boolean }
  messages?: unknown
  prompt?: unknown
  input?: unknown
  max_tokens?: number
  tools?: unknown
  response_format?: unknown
  text?: unknown
  output_config?: unknown
}

/** What a server does otherwise than a sound one; undefined leaves it to that. */
export type Oddity = (
  request: IncomingMessage,
  response: ServerResponse,
  asked: Asked | undefined,
) => boolean | Promise<boolean>

export const sse = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-cache',
  'x-accel-buffering': 'no',
}

let server: Server | undefined

afterEach(() => {
  server?.closeAllConnections()
  server?.close()
})

/** A server that breaks no rule, but for its oddity. */
export async function start(oddity: Oddity = () => false): Promise<string> {
  server = createServer(async (request, response) => {
    if (request.headers.origin) response.setHeader('access-control-allow-origin', '*')
    const asked = (await json(request).catch(() => undefined)) as Asked | undefined
    if (!(await oddity(request, response, asked))) await answer(request, response, asked)
  })
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/chat/completions`
}

async function answer(request: IncomingMessage, response: ServerResponse, asked?: Asked) {
  const { method, url = '' } = request
  const { name } = dialectAt(url) ?? dialects.chat
  if (method === 'OPTIONS') return void response.writeHead(204).end()
  if (asked === undefined || !isRight(name, asked)) return refuse(response, 400)
  if (asked.model !== 'zoo') return refuse(response, 404)
  if (!asked.stream) return whole(response, name)
  const { tools, response_format, text, output_config } = asked
  if (name === 'chat' && tools) return stream(response, asked, soundCalls)
  if (name === 'chat' && response_format) return stream(response, asked, soundForm)
  // Here it is not offered.
  if (tools || text || output_config) return refuse(response, 400)
  return stream(response, asked, soundIn[name])
}

function isRight(name: DialectName, { messages, prompt, input }: Asked): boolean {
  if (name === 'completions') return typeof prompt === 'string'
  return name === 'responses' ? typeof input === 'string' : Array.isArray(messages)
}

const refusal = '{"type":"error","error":{"type":"invalid_request_error","message":"no"}}'

export function refuse(response: ServerResponse, status: number, body = refusal) {
  response.writeHead(status, { 'content-type': 'application/json' }).end(body)
}

const finish_reason = 'stop'

const wholes: Record<DialectName, object> = {
  chat: {
    object: 'chat.completion',
    choices: [{ index: 0, message: { role: 'assistant', content: 'One two' }, finish_reason }],
  },
  completions: {
    object: 'text_completion',
    choices: [{ index: 0, text: 'One two', finish_reason }],
  },
  responses: { object: 'response', status: 'completed', output: [] },
  messages: { type: 'message', role: 'assistant', content: [], stop_reason: 'end_turn' },
}

function whole(response: ServerResponse, name: DialectName) {
  response.writeHead(200, { 'content-type': 'application/json' })
  response.end(JSON.stringify({ id: 'c', created: 1, model: 'zoo', ...wholes[name] }))
}

export async function stream(
  response: ServerResponse,
  { stream_options }: Asked,
  frames: readonly string[] = sound,
) {
  response.writeHead(200, sse)
  for (const frame of frames) {
    if (frame.includes('"choices":[]') && !stream_options?.include_usage) continue
    response.write(frame)
    await sleep(8)
  }
  response.end()
}

export function run(
  url: string,
  signal = AbortSignal.timeout(30_000),
  names: DialectName[] = ['chat'],
  more: { headers?: Record<string, string>; key?: string } = {},
): Promise<Report> {
  const base = url.replace(dialects.chat.path, '')
  return check({
    fetch: socketFetch(dial),
    url,
    endpoints: Object.fromEntries(names.map((name) => [name, base + dialects[name].path])),
    headers: {},
    key: undefined,
    model: 'zoo',
    by: 'a test',
    signal,
    ...more,
  })
}

export const ALL = Object.keys(dialects) as DialectName[]

export function brokenIn({ results }: Report): string[] {
  return results.flatMap(({ findings }) => findings.map(({ rule }) => rule))
}

export const paint = {
  strong: String,
  weak: String,
  plain: (text: string) => text.replace('\u001b', '?'),
}
