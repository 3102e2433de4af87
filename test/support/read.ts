import { lint } from './lint.ts'
import { type StreamEvent, sseReader } from './sse.ts'

export { rawRequest } from './raw.ts'
export type { StreamEvent } from './sse.ts'

/** How a stream ended for its client. */
export type Outcome = 'finished' | 'failed' | 'truncated'

/** A chunk or an error, with only the fields that tests look at. */
export interface Chunk {
  id?: string
  created?: number
  model?: string
  choices?: ChunkChoice[]
  usage?: Record<string, unknown> | null
  error?: { message: string; type: string; code: string | null; param: string | null }
  [field: string]: unknown
}

export interface ChunkChoice {
  index: number
  delta: { role?: string; content?: string | null; [field: string]: unknown }
  finish_reason?: string | null
  [field: string]: unknown
}

/** Everything that a client received of one stream. */
export interface StreamRead {
  status: number
  headers: Headers
  /** All events in order of arrival, with `[DONE]`. */
  events: StreamEvent[]
  /** The events' JSON, `[DONE]` left out. */
  chunks: Chunk[]
  /** Arrival times of `: ping` comments. */
  pings: number[]
  /** The whole body. */
  bytes: Uint8Array
  raw: string
  outcome: Outcome
  /** The content of choice 0. */
  text: string
  /** The last finish reason of each choice. */
  finish: Record<number, string>
  usage: Record<string, unknown> | undefined
  /** The error of the error frame. */
  error: Chunk['error']
  /** What was wrong with the framing or the chunks; empty for a correct stream. */
  problems: string[]
  /** The error of a connection that broke. */
  broke: unknown
}

export interface ReadOptions {
  /** The request asked for usage. */
  usage?: boolean
  /** Judges the stream of another API than the chat's. */
  lint?: (events: StreamEvent[], chunks: Chunk[]) => string[]
  /** Called at each event; returning false stops the reading and cancels the body. */
  onEvent?: (event: StreamEvent, count: number) => boolean | undefined
}

/**
 * Reads a streamed response to its end and checks it: the framing byte by byte, the chunks by the rules
 * of a chat stream. Never rejects: a broken connection is an outcome.
 */
export async function readStream(
  response: Response,
  options: ReadOptions = {},
): Promise<StreamRead> {
  const sse = sseReader()
  const parts: Uint8Array[] = []
  let broke: unknown
  try {
    await readBody(response, (part) => {
      const before = sse.events.length
      parts.push(part)
      sse.push(part, performance.now())
      const fresh = sse.events.slice(before)
      return fresh.every((event, at) => options.onEvent?.(event, before + at + 1) !== false)
    })
  } catch (error) {
    broke = error
  }
  sse.end()
  const bytes = Buffer.concat(parts)
  const { chunks, problems } = parseChunks(sse.events)
  const found = options.lint
    ? options.lint(sse.events, chunks)
    : lint(sse.events, chunks, options.usage ?? false)
  return {
    status: response.status,
    headers: response.headers,
    events: sse.events,
    chunks,
    pings: sse.pings,
    bytes,
    raw: bytes.toString(),
    outcome: outcomeOf(sse.events, chunks, broke),
    ...digest(chunks),
    problems: [...sse.problems, ...problems, ...found],
    broke,
  }
}

async function readBody(response: Response, take: (part: Uint8Array) => boolean): Promise<void> {
  const reader = response.body?.getReader()
  if (!reader) return
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return
    if (!take(value)) return void (await reader.cancel())
  }
}

function parseChunks(events: StreamEvent[]): { chunks: Chunk[]; problems: string[] } {
  const chunks: Chunk[] = []
  const problems: string[] = []
  for (const { data } of events) {
    if (data === '[DONE]') continue
    try {
      const value: unknown = JSON.parse(data)
      if (typeof value !== 'object' || value === null) throw new TypeError('not an object')
      chunks.push(value as Chunk)
    } catch {
      problems.push(`an event that is not a JSON object: ${data.slice(0, 80)}`)
    }
  }
  return { chunks, problems }
}

function outcomeOf(events: StreamEvent[], chunks: Chunk[], broke: unknown): Outcome {
  if (broke !== undefined) return 'truncated'
  if (events.at(-1)?.data === '[DONE]') return 'finished'
  return chunks.at(-1)?.error ? 'failed' : 'truncated'
}

function digest(chunks: Chunk[]) {
  const finish: Record<number, string> = {}
  let text = ''
  for (const choice of chunks.flatMap((chunk) => chunk.choices ?? [])) {
    if (choice.index === 0) text += choice.delta?.content ?? ''
    if (choice.finish_reason) finish[choice.index] = choice.finish_reason
  }
  const usage = chunks.findLast((chunk) => chunk.usage)?.usage ?? undefined
  const error = chunks.find((chunk) => chunk.error)?.error
  return { text, finish, usage, error }
}

/** Posts a chat request to an API root (`…/v1`). `stream` is true unless the body says otherwise. */
export function postChat(root: string, body: object, init: RequestInit = {}): Promise<Response> {
  const request = { model: 'odd', messages: [{ role: 'user', content: 'Go.' }], stream: true }
  return fetch(`${root}/chat/completions`, {
    method: 'POST',
    ...init,
    headers: { 'content-type': 'application/json', ...init.headers },
    body: JSON.stringify({ ...request, ...body }),
  })
}
