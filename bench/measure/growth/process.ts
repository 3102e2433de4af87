/** An upstream in this process, and what a handler in front of it costs. */
import { figureName } from '../../growth.ts'

declare const process: {
  cpuUsage(): { user: number; system: number }
  memoryUsage(): { heapUsed: number; external: number; arrayBuffers: number }
}
declare const Bun: { gc(isSync: boolean): void } | undefined
declare const gc: (() => void) | undefined

export type Handler = ReturnType<CreateHandler>
export type CreateHandler = typeof import('../../../src/index.ts').createHandler

/** What every topic measures with. */
export interface Context {
  createHandler: CreateHandler
  /** Multiplies how often everything is repeated. */
  scale: number
  record(row: string, size: number, value: number): void
}

/** Collects the figures of a topic. */
export function recorder(topic: string, figures: Record<string, number>): Context['record'] {
  return (row, size, value) => {
    figures[figureName(topic, row, size)] = value
  }
}

export const ADMIN = 'root-key'

export async function hashOf(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
  return `sha256:${hex([...new Uint8Array(digest)])}`
}

function hex(bytes: readonly number[]): string {
  return bytes.map((byte) => byte.toString(16).padStart(2, '0')).join('')
}

const encoder = new TextEncoder()
const chunk = (delta: object, reason: string | null) => ({
  ...{ id: 'c', object: 'chat.completion.chunk', created: 1_790_000_000, model: 'm' },
  choices: [{ index: 0, delta, finish_reason: reason }],
})
const packet = (data: object) => encoder.encode(`data: ${JSON.stringify(data)}\n\n`)
const TOKEN = packet(chunk({ content: 'word ' }, null))
const FIRST = packet(chunk({ role: 'assistant', content: 'word ' }, null))
const LAST = encoder.encode(`data: ${JSON.stringify(chunk({}, 'stop'))}\n\ndata: [DONE]\n\n`)

export interface UpstreamOptions {
  /** The bodies of the lists of models, by the upstream's URL without its path. */
  lists?: ReadonlyMap<string, string>
  /** What a request with this body waits for before it is answered. */
  hold?: (body: string) => Promise<void> | false
  /** Settles when a token may be sent; by default it is sent when it is read. */
  pace?: () => Promise<void>
  /** Called before the last event: until its promise settles, the stream stays open. */
  beforeEnd?: () => Promise<void>
}

const ONE = JSON.stringify({ object: 'list', data: [{ id: 'm', object: 'model' }] })

/** Sends as many tokens as `max_tokens` or `max_output_tokens` says, each as one packet. */
export function upstream({ lists, hold, pace, beforeEnd }: UpstreamOptions = {}) {
  return async (url: string, init?: { body?: unknown }): Promise<Response> => {
    if (!url.endsWith('/chat/completions')) {
      if (!url.endsWith('/models')) return new Response('{}', { status: 404 })
      const list = lists?.get(new URL(url).origin) ?? ONE
      return new Response(list, { headers: { 'content-type': 'application/json' } })
    }
    const text = textOf(init?.body)
    await hold?.(text)
    const tokens = Number(/"max_(?:completion_)?tokens":(\d+)/.exec(text)?.[1] ?? 1)
    let sent = 0
    const body = new ReadableStream<Uint8Array>(
      {
        async pull(controller) {
          if (sent < tokens) {
            if (pace) await pace()
            controller.enqueue(sent === 0 ? FIRST.slice() : TOKEN.slice())
            sent++
            return
          }
          await beforeEnd?.()
          controller.enqueue(LAST.slice())
          controller.close()
        },
      },
      { highWaterMark: 0 },
    )
    return new Response(body, { headers: { 'content-type': 'text/event-stream' } })
  }
}

function textOf(body: unknown): string {
  return body instanceof Uint8Array ? new TextDecoder().decode(body) : String(body)
}

export interface Asked {
  path?: string
  body?: object
  headers?: Record<string, string>
}

/** A request, with a body that is a chat's by default. */
export function requestOf({ path = '/v1/chat/completions', body, headers = {} }: Asked): Request {
  const url = `http://127.0.0.1${path}`
  const all = { authorization: `Bearer ${ADMIN}`, ...headers }
  if (body === undefined) return new Request(url, { headers: all })
  return new Request(url, {
    method: 'POST',
    headers: { ...all, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
}

export const SHORT = { model: 'm', stream: true, messages: [{ role: 'user', content: 'Hi' }] }

/** Microseconds that this process has computed: other programs take time, but not this. */
export function cpuTime(): number {
  const { user, system } = process.cpuUsage()
  return user + system
}

/** Microseconds of computing until the answer begins, and until it has ended. */
export async function costOf(handler: Handler, asked: Asked) {
  const request = requestOf(asked)
  const start = cpuTime()
  const { status, body } = await handler.fetch(request)
  const reader = body?.getReader()
  let part = await reader?.read()
  const first = cpuTime() - start
  const beginning = part?.value
  let bytes = part?.value?.length ?? 0
  while (part && !part.done) {
    part = await reader?.read()
    bytes += part?.value?.length ?? 0
  }
  const whole = cpuTime() - start
  if (status >= 300) {
    throw new Error(`expected an answer, got ${status}: ${new TextDecoder().decode(beginning)}`)
  }
  return { first, whole, bytes }
}

/** The text of an answer. */
export async function textFrom(handler: Handler, asked: Asked): Promise<string> {
  const response = await handler.fetch(requestOf(asked))
  const text = await response.text()
  if (response.status >= 300) throw new Error(`expected an answer, got ${response.status}: ${text}`)
  return text
}

/** The means of several answers: one alone is shorter than the clock's step on some systems. */
export async function meanCost(handler: Handler, asked: Asked, count: number): Promise<number[]> {
  let [first, whole] = [0, 0]
  for (let each = 0; each < count; each++) {
    const cost = await costOf(handler, asked)
    first += cost.first
    whole += cost.whole
  }
  return [first / count, whole / count]
}

/** Bytes in use after a collection of garbage. */
export function heldBytes(): number {
  for (let each = 0; each < 2; each++) {
    if (typeof Bun !== 'undefined') Bun.gc(true)
    else if (typeof gc !== 'undefined') gc()
    else throw new Error('expected a runtime that exposes its collector of garbage')
  }
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

/** A handler in front of one upstream of this process, whose only key is an administrator's. */
export async function adminsHandler(
  createHandler: CreateHandler,
  upstreamOptions: UpstreamOptions = {},
  more: Parameters<CreateHandler>[0] = {},
): Promise<Handler> {
  return createHandler({
    upstream: ['gpu=http://127.0.0.1:1/v1'],
    keys: [{ name: 'root', hash: await hashOf(ADMIN), admin: true }],
    fetch: upstream(upstreamOptions) as never,
    ...more,
  })
}
