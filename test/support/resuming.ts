import { setTimeout as sleep } from 'node:timers/promises'
import type { Scripted } from './script.ts'

/** The APIs whose streams can be resumed: how each is asked, and whether its events are lines of JSON. */
export const APIS = {
  chat: { path: '/v1/chat/completions', body: { messages: [{ role: 'user', content: 'Go.' }] } },
  completions: { path: '/v1/completions', body: { prompt: 'Go.' } },
  messages: {
    path: '/v1/messages',
    body: { max_tokens: 4_000, messages: [{ role: 'user', content: 'Go.' }] },
  },
  responses: { path: '/v1/responses', body: { input: 'Go.' } },
  ollama: { path: '/api/chat', body: { messages: [{ role: 'user', content: 'Go.' }] } },
} as const

export type ResumableApi = keyof typeof APIS

/** Asks for a stream that can be resumed; `fields` go into the body. */
export function askResumable(
  url: string,
  api: ResumableApi,
  fields: { script?: Scripted; [name: string]: unknown } = {},
  init: RequestInit = {},
): Promise<Response> {
  const { path, body } = APIS[api]
  // Ollama's fields are known; its options reach the upstream.
  const sent = api === 'ollama' ? { options: fields } : fields
  return fetch(url + path, {
    method: 'POST',
    ...init,
    headers: { 'content-type': 'application/json', 'x-sluice-resume': '1', ...init.headers },
    body: JSON.stringify({ model: 'm', stream: true, ...body, ...sent }),
  })
}

/** What was read of a stream: its whole events, as they were sent, without heartbeats. */
export interface EventsRead {
  events: string[]
  /** Whether the stream has ended; otherwise the client left. */
  isOver: boolean
}

/**
 * Reads events until there are `most`, and then leaves; what came after that is thrown away. They are added to
 * `events`, also where the connection breaks, which rejects.
 */
export async function readEvents(
  response: Response,
  most = Infinity,
  events: string[] = [],
): Promise<EventsRead> {
  const isLines = response.headers.get('content-type')?.startsWith('application/x-ndjson') === true
  if (response.body === null) return { events, isOver: true }
  const reader = response.body.getReader()
  const decoder = new TextDecoder()
  let text = ''
  for (;;) {
    const { done, value } = await reader.read()
    if (value) text += decoder.decode(value, { stream: true })
    const cut = text.split(isLines ? /(?<=\n)/ : /(?<=\n\n)/)
    text = cut.at(-1)?.endsWith(isLines ? '\n' : '\n\n') ? '' : (cut.pop() ?? '')
    events.push(...cut.map(withoutComments).filter((each) => !isHeartbeat(each)))
    if (events.length >= most) {
      await reader.cancel()
      return { events: events.slice(0, most), isOver: false }
    }
    if (done) return { events, isOver: true }
  }
}

function withoutComments(event: string): string {
  return event.replace(/^(:.*\n)+(?=.)/, '')
}

/** What is sent to a client that waits, and is in no log. */
function isHeartbeat(event: string): boolean {
  return (
    /^(:.*\n)*\n?$/.test(event) ||
    event.startsWith('event: ping\n') ||
    event.includes('"created_at":"1970-01-01T00:00:00Z"')
  )
}

/** The address at which a stream is resumed, at a server. */
export function resumeUrl(url: string, response: Response): string {
  const path = response.headers.get('x-sluice-resume')
  if (path === null) throw new Error(`No x-sluice-resume in an answer with ${response.status}`)
  return url + path
}

/** Resumes after `count` events. */
export function resume(url: string, count: number, useHeader = true): Promise<Response> {
  if (count === 0) return fetch(url)
  if (useHeader) return fetch(url, { headers: { 'last-event-id': String(count - 1) } })
  return fetch(`${url}?starting_after=${count - 1}`)
}

export interface CutOptions {
  /** A number from 0 to 1, as often as it is asked. */
  random(): number
  /** The servers that the client goes on at. */
  servers: readonly string[]
  /** The most events that are read at once. */
  most?: number
  /** Called whenever the client goes on. */
  onCut?: () => void
}

/** Reads a stream to its end, and leaves it at random events to resume it at a random server. */
export async function readInPieces(response: Response, options: CutOptions): Promise<string[]> {
  const { random, servers, most = 8 } = options
  const all: string[] = []
  let part = await readEvents(response, 1 + Math.floor(random() * most))
  all.push(...part.events)
  while (!part.isOver) {
    if (random() < 0.2) await sleep(random() * 20)
    const at = servers[Math.floor(random() * servers.length)] ?? ''
    options.onCut?.()
    const next = await resume(resumeUrl(at, response), all.length, random() < 0.5)
    if (next.status === 204) return all
    // The store may not answer in time on a busy machine: the client asks again.
    if (next.status === 503) {
      await next.body?.cancel()
      await sleep(100)
      continue
    }
    if (next.status !== 200) throw new Error(`${next.status}: ${await next.text()}`)
    part = await readEvents(next, 1 + Math.floor(random() * most))
    all.push(...part.events)
  }
  return all
}

/** Random numbers from a seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
