/** What a program asks itself while it warms up, and what answers. */
import { formatEntry } from '../../../cli/log.ts'
import { createHostedHandler } from '../../../handler.ts'
import type { Fetch } from '../../../platform/fetch.ts'
import type { LogEntry } from '../../../platform/log.ts'
import type { HttpServer, Runtime } from '../runtime.ts'
import { warmUpUpstream } from './upstream.ts'

const encoder = new TextEncoder()
const messages = [
  { role: 'system', content: 'You are terse.' },
  { role: 'user', content: 'Why does water find its way?' },
]
const tools = [
  {
    type: 'function',
    function: { name: 'look_up', parameters: { type: 'object', properties: {} } },
  },
]
const model = 'warm-up'
const stream = true

/** The paths of one round, and what is asked there: most often what clients ask most often. */
const ASKED: readonly (readonly [string, object])[] = [
  ['/v1/chat/completions', { model, messages, stream }],
  ['/v1/messages', { model, max_tokens: 99, messages: messages.slice(1), stream }],
  ['/v1/chat/completions', { model, messages }],
  ['/v1/responses', { model, input: 'Why?', stream }],
  ['/v1/chat/completions', { model, messages, tools, temperature: 0.5, stream }],
  ['/v1/completions', { model, prompt: 'Why?', stream }],
  ['/v1/messages', { model, max_tokens: 99, messages: messages.slice(1) }],
  ['/api/chat', { model, messages: messages.slice(1) }],
  // Refused: without messages, and for a model that there is not.
  ['/v1/chat/completions', { model, stream }],
  ['/v1/chat/completions', { model: 'another', messages, stream }],
]

const bodies = ASKED.map(([path, body]) => ({ path, body: encoder.encode(JSON.stringify(body)) }))

/** Two servers of this process, which only it asks: one answers as the real one does, by asking the other. */
export interface Practice {
  /** Each asks for one thing and reads the answer: those of one round. */
  requests: readonly (() => Promise<void>)[]
  close(): Promise<void>
}

/** Rejects with the system's error where it cannot listen. */
export async function practise(runtime: Runtime): Promise<Practice> {
  const key = crypto.randomUUID()
  const upstreamKey = crypto.randomUUID()
  const upstream = await listen(runtime, warmUpUpstream(upstreamKey))
  const handler = createHostedHandler(
    {
      ...{ discover: false, page: false },
      upstream: [
        { label: 'warm-up', url: `http://127.0.0.1:${upstream.port}/v1`, key: upstreamKey },
      ],
      keys: [{ name: 'warm-up', hash: await hashOf(key), requestsPerMinute: 1_000_000 }],
    },
    {
      ...{ name: runtime.name, exposure: 'machine', log: formatted },
      ...(runtime.fetch && { fetch: runtime.fetch }),
      ...(runtime.frameWriter && { frameWriter: runtime.frameWriter }),
    },
  )
  const server = await listen(runtime, handler.fetch).catch(async (error) => {
    await upstream.close()
    throw error
  })
  return {
    requests: requestsTo(runtime.fetch ?? fetch, server, key),
    async close() {
      await handler.drain(0)
      await Promise.all([server.close(), upstream.close()])
    },
  }
}

/** In both forms, written to nobody: Bun needs 10 ms to learn the time zone for the first of them. */
function formatted(entry: LogEntry): void {
  formatEntry(entry, 'text')
  formatEntry(entry, 'json')
}

function listen(runtime: Runtime, fetch: (request: Request) => Promise<Response>) {
  return runtime.listen({
    ...{ fetch, port: 0, hostname: '127.0.0.1', tls: undefined, bodyTimeout: 10_000 },
  })
}

async function hashOf(key: string): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', encoder.encode(key)))
  return `sha256:${[...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`
}

function requestsTo(fetch: Fetch, { port }: HttpServer, key: string): (() => Promise<void>)[] {
  const url = `http://127.0.0.1:${port}`
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${key}` }
  const ask = async (path: string, init: Parameters<Fetch>[1]) => {
    const reader = (await fetch(url + path, init)).body?.getReader()
    while ((await reader?.read())?.done === false);
  }
  return [
    ...bodies.map(
      ({ path, body }) =>
        () =>
          ask(path, { method: 'POST', headers, body }),
    ),
    () => ask('/v1/models', { headers }),
    // Refused: its key is wrong.
    () => ask('/v1/models', { headers: { authorization: 'Bearer wrong' } }),
  ]
}
