import { randomUUID } from 'node:crypto'
import { afterAll } from 'vitest'
import { withoutDocUrl } from './doc-url.ts'
import { postChat, readStream, type StreamRead } from './read.ts'
import { type HostName, type LogEntry, type Server, useServerWith } from './server.ts'
import {
  type RecordedRequest,
  startUpstream,
  type Upstream,
  type UpstreamOptions,
} from './upstream.ts'

/** sluice with a scripted upstream behind it, labelled `gpu`. */
export interface Relay {
  server: Server
  upstream: Upstream
}

export interface RelayOptions {
  flags?: string[]
  env?: Record<string, string>
  upstream?: UpstreamOptions
}

/** The same relay for all tests of a describe block. Read its fields only in tests and hooks. */
export function useRelay(host: HostName, options: RelayOptions = {}): Relay {
  let upstream: Upstream | undefined
  const server = useServerWith(host, async () => {
    upstream = await startUpstream(options.upstream)
    return {
      flags: ['--upstream', `gpu=${upstream.url}`, ...(options.flags ?? [])],
      ...(options.env && { env: options.env }),
    }
  })
  afterAll(() => upstream?.close())
  return {
    server,
    get upstream() {
      if (upstream === undefined) throw new Error('The upstream is not started yet.')
      return upstream
    },
  }
}

/** One request as seen by the client, the upstream and the log. */
export interface Relayed {
  read: StreamRead
  /** Every chat request that reached the upstream for it, oldest first. */
  sent: RecordedRequest[]
  entry: LogEntry
}

/** Streams a chat through a relay to its end. */
export async function relayChat(relay: Relay, body: Record<string, unknown>): Promise<Relayed> {
  const tagged = tag(body)
  const response = await postChat(relay.server.base, tagged)
  const options = body.stream_options as { include_usage?: boolean } | undefined
  const read = await readStream(response, { usage: options?.include_usage === true })
  const entry = await logOf(relay.server, response)
  return { read, sent: sentFor(relay, tagged), entry }
}

/** A body with a tag, by which the upstream's requests can be found. */
export function tag<T extends object>(body: T): T & { tag: string } {
  return { ...body, tag: randomUUID() }
}

/** The chat requests that reached the upstream with this body's tag. */
export function sentFor(relay: Pick<Relay, 'upstream'>, body: { tag: string }): RecordedRequest[] {
  return relay.upstream.requests.filter((request) => tagOf(request) === body.tag)
}

/** Waits for the chat request with this body's tag. */
export function nextFor(relay: Pick<Relay, 'upstream'>, body: { tag: string }) {
  return relay.upstream.next((request) => tagOf(request) === body.tag)
}

function tagOf({ body }: RecordedRequest): unknown {
  return (body as { tag?: unknown } | undefined)?.tag
}

/** The log line of an answered request. */
export function logOf(server: Server, response: Response): Promise<LogEntry> {
  const id = response.headers.get('x-request-id')
  return server.nextLog((entry) => entry.id === id)
}

export interface ErrorFields {
  message: string
  type: string
  param: string | null
  code: string | null
}

/** The error of an error response. Throws where its body does not have OpenAI's shape. */
export async function errorOf(response: Response): Promise<ErrorFields> {
  const text = await response.text()
  const told = `${response.status} ${text}`
  if (!response.headers.get('content-type')?.startsWith('application/json')) {
    throw new Error(`An error that is not called JSON: ${told}`)
  }
  const body = JSON.parse(text) as { error?: ErrorFields }
  // Counts of the upstream's come beside the four, and the address of the page about the code.
  const names = Object.keys(body.error ?? {}).filter((name) => !/^(n_.*|doc_url)$/.test(name))
  const fields = names.sort()
  if (Object.keys(body).join() !== 'error' || fields.join() !== 'code,message,param,type') {
    throw new Error(`An error that is not of OpenAI's shape: ${told}`)
  }
  return withoutDocUrl(body.error as ErrorFields)
}
