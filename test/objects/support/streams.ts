/** sluice on workerd with its state in objects on a disk, a scripted upstream, and clients of every API. */
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { Script } from '../../support/script.ts'
import { type Server, startServer } from '../../support/server.ts'
import { type RecordedRequest, startUpstream } from '../../support/upstream.ts'

const secretOf = (name: string) => `sk-${name}-of-these-tests`

function keyOf(name: string, more: object = {}): object {
  const hash = createHash('sha256').update(secretOf(name)).digest('hex')
  return { name, hash: `sha256:${hash}`, ...more }
}

const keys = [
  keyOf('ann', { requestsPerDay: 1_000 }),
  keyOf('bob', { resumable: true, maxConcurrency: 1 }),
  keyOf('root', { admin: true }),
]

interface Asked {
  key?: string
  method?: string
  headers?: Record<string, string>
  body?: object
}

/** What the upstream is told: how to answer, and which request it is. */
interface Told {
  script: Script
  tag?: string
}

/** Each API, with the body that asks it for a stream. */
export const APIS: Record<string, (told: Told) => [string, object]> = {
  chat: (told) => ['/v1/chat/completions', { ...chat(), stream: true, ...told }],
  messages: (told) => ['/v1/messages', { ...chat(), max_tokens: 100, stream: true, ...told }],
  responses: (told) => ['/v1/responses', { model: 'm', input: 'Hi', stream: true, ...told }],
  ollama: (told) => ['/api/chat', { ...chat(), options: told }],
}

function chat() {
  return { model: 'Qwen/Qwen3-8B', messages: [{ role: 'user', content: 'Hi' }] }
}

/** Reads until as many events came as are wanted, or to the end, and leaves. */
export async function read(response: Response, most = Number.POSITIVE_INFINITY): Promise<string[]> {
  const isLines = response.headers.get('content-type')?.includes('ndjson')
  const separator = isLines ? '\n' : '\n\n'
  const events: string[] = []
  let rest = ''
  const reader = (response.body as ReadableStream<Uint8Array>).getReader()
  const decoder = new TextDecoder()
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    const parts = (rest + decoder.decode(part.value, { stream: true })).split(separator)
    rest = parts.pop() ?? ''
    events.push(...parts.map(withoutHeartbeat).filter((event) => event !== ''))
    if (events.length >= most) break
  }
  await reader.cancel()
  return events.slice(0, most)
}

/** What has no number: comments, pings, and lines of Ollama's API that say nothing. */
function withoutHeartbeat(event: string): string {
  if (event.includes('"type":"ping"') || event.includes('"created_at":"1970')) return ''
  return event.replaceAll(/^: .*\n?/gm, '')
}

export interface Begun {
  response: Response
  /** Where it is resumed. */
  where: string
  /** Its request to the upstream. */
  asked: RecordedRequest
}

export class Streams {
  readonly #folder = mkdtempSync(join(tmpdir(), 'sluice-streams-'))
  readonly #flags: string[]
  readonly #upstream: Awaited<ReturnType<typeof startUpstream>>
  #server: Server | undefined

  constructor(upstream: Awaited<ReturnType<typeof startUpstream>>, flags: string[]) {
    this.#upstream = upstream
    this.#flags = ['--upstream', `gpu=${upstream.url}`, '--state', 'objects', ...flags]
  }

  /** The folder with the objects. */
  get folder(): string {
    return this.#folder
  }

  async start(): Promise<void> {
    const flags = [...this.#flags, '--state-folder', this.#folder]
    this.#server = await startServer('workerd', flags, { SLUICE_KEYS: JSON.stringify(keys) })
  }

  /** Ends workerd without a warning, and starts it again with the same disk. */
  async crash(): Promise<void> {
    await this.#server?.kill()
    await this.start()
  }

  async close(): Promise<void> {
    await this.#server?.kill()
    await this.#upstream.close()
    rmSync(this.#folder, { recursive: true, force: true })
  }

  readonly ask = (
    path: string,
    { key = 'ann', method, headers, body }: Asked = {},
  ): Promise<Response> =>
    fetch(`${this.#server?.url}${path}`, {
      method: method ?? (body ? 'POST' : 'GET'),
      headers: {
        authorization: `Bearer ${secretOf(key)}`,
        ...(body && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body && { body: JSON.stringify(body) }),
    })

  /** Asks for a stream that can be resumed. */
  async begin(api: string, script: Script, asked: Asked = {}): Promise<Begun> {
    const tag = crypto.randomUUID()
    const [path, body] = APIS[api]?.({ script, tag }) ?? ['', {}]
    const headers = asked.headers ?? { 'x-sluice-resume': '1' }
    const response = await this.ask(path, { ...asked, headers, body })
    expect(response.status).toBe(200)
    const where = response.headers.get('x-sluice-resume') ?? ''
    return { response, where, asked: await this.#upstream.next(isTagged(tag)) }
  }

  async json(path: string, asked?: Asked): Promise<Record<string, unknown>> {
    return (await (await this.ask(path, asked)).json()) as Record<string, unknown>
  }

  /** The requests of this day that are counted for a key; this one too. */
  async usedToday(key?: string): Promise<number> {
    const { day } = await this.json('/v1/usage', key ? { key } : {})
    return (day as { requests: { used: number } }).requests.used
  }
}

const isTagged =
  (tag: string) =>
  ({ body }: RecordedRequest): boolean =>
    (body as { tag?: string } | undefined)?.tag === tag

/** Not started yet. */
export async function newStreams(flags: string[] = []): Promise<Streams> {
  return new Streams(await startUpstream(), flags)
}
