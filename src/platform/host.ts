/** What passes between the handler and the host that runs it. */

import type { Engine } from '../engines/engine.ts'
import type { SeenServers } from '../engines/registry/discovery.ts'
import type { FinishHistories } from '../engines/upstream/finish-history.ts'
import type { KeptResponses } from '../routes/responses/background.ts'
import type { LimitStore } from '../state/limits.ts'
import type { Pipe } from '../stream/pipe.ts'

/** One request, as the log tells it. */
export interface LogEntry {
  /** ISO 8601, when it arrived. */
  time: string
  /** The response's `x-request-id`. */
  id: string
  method: string
  path: string
  status: number
  durationMs: number
  /** How it ended. `ok` and `refused` are answers without a stream. */
  outcome: 'ok' | 'refused' | 'finished' | 'failed' | 'cancelled'
  model?: string
  /** The engine that answered, or the last that failed. */
  engine?: string
  /** The name of the key that was presented. */
  key?: string
  /** How often an engine was asked, if more than once, and how the attempts before the last failed. */
  attempts?: number
  failures?: string[]
  /** From the request's arrival to the first chunk with a token. */
  firstTokenMs?: number
  /** Completion tokens, as the engine counted them. */
  tokens?: number
  /** Tokens of what it read, as it counted them. */
  promptTokens?: number
  /** An error's code. */
  code?: string
  /** The field that a refusal names, as a path: `messages[0].role`. */
  param?: string
  /** Why it was refused, without any value that was received; an upstream's words are left out. */
  message?: string
  /** What the contract mended in the engine's stream: `done`, `role`, … */
  mended?: string[]
  /** The types of tools, items and blocks that were left out: `web_search`, … */
  omittedTools?: string[]
  /** What failed underneath, for the person who runs the server. Never sent to a client. */
  cause?: string
}

/** What sluice asks of an upstream. */
export interface FetchInit {
  method?: 'GET' | 'OPTIONS' | 'POST'
  headers?: Record<string, string>
  body?: string
  signal?: AbortSignal
  redirect?: 'manual'
  /**
   * Sends it over a new connection, so that it is never sent twice: when a kept connection closes, it
   * cannot be known whether the server had read the request. Only `http1/fetch.ts` honours it.
   */
  once?: boolean
}

/** A piece of a body as it came, or its end. */
export type Packet =
  | { done: false; value: Uint8Array<ArrayBuffer> }
  | { done: true; value?: Uint8Array<ArrayBuffer> | undefined }

/** Takes a packet; the promise it may return holds the next packet back. */
export type TakePacket = (packet: Uint8Array<ArrayBuffer>) => Promise<unknown> | undefined

/** Reads a body packet by packet. */
export interface PacketReader {
  read(): Promise<Packet>
  /**
   * Where it can: hands over all that is still to come, each packet in the moment it arrives.
   * Resolves at the end; rejects where the body was cut off or its request aborted.
   */
  each?(take: TakePacket): Promise<void>
  cancel(reason?: unknown): Promise<void>
}

/** A `Response`, as far as sluice reads it. */
export interface Fetched {
  status: number
  ok: boolean
  headers: { get(name: string): string | null; entries?(): Iterable<[string, string]> }
  body: { getReader(): PacketReader; cancel(): Promise<void> } | null
}

/** A request that can't be written as HTTP: nothing of it was sent, so that it says nothing of a server. */
export class Unsendable extends TypeError {}

/** The global `fetch`, as far as sluice uses it. A request that can't be sent is an `Unsendable`. */
export type Fetch = (url: string, init: FetchInit) => Promise<Fetched>

/** The bytes of one of the page's files, by its name below the page's folder. */
export type Files = (
  name: string,
) => Promise<Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array<ArrayBuffer>> | undefined>

export type Reach = 'machine' | 'page' | 'anyone'

/** What a host lends the handler. */
export interface Host {
  /** `bun 1.4.5`; the page and `GET /health` show it. */
  name?: string
  /** Where requests to upstreams go out; the global `fetch` by default. */
  fetch?: Fetch
  /** Makes the pipe for frames that are only forwarded, where a host knows a shorter way. */
  framePipe?: () => Pipe
  /** Engines that run beside the handler; models that others have as well are asked of these. */
  engines?: readonly Engine[]
  /**
   * The page at `/`, and what describes the API; without them a page is shown that only lists
   * engines and models.
   */
  files?: Files
  /**
   * Who can reach the handler: only programs on this machine, only pages of its own origin, or
   * anyone, which is what is assumed unless a host knows better.
   */
  reach?: Reach
  /** Where the state of the keys' limits is kept; in memory by default. */
  limits?: LimitStore
  /** Where responses are kept that a later request may name; in memory by default. */
  responses?: KeptResponses
  /**
   * The servers that were found on this machine, where a handler follows another with other settings:
   * one that restarts meanwhile is still known.
   */
  seen?: SeenServers
  /** Which upstreams were seen to send finish reasons, where a handler follows another. */
  finishes?: FinishHistories
  /** Called once a request, when it has ended. */
  log?: (entry: LogEntry) => void
  /** Whether no request may be woken by another's timer or promise; by default so on workerd. */
  isolateRequests?: boolean
}

/** Whether this is Cloudflare's runtime, by the name it gives itself. */
export function isWorkerd(): boolean {
  return globalThis.navigator?.userAgent === 'Cloudflare-Workers'
}

/** An engine and what it serves, as last seen: for start-up output and the page. */
export interface Found {
  engine: string
  models: string[]
  /** Why it could not be asked. */
  error?: string
}

/** The whole product. */
export interface Handler {
  fetch(request: Request): Promise<Response>
  /** Asks every engine for its models now, and looks for local servers anew. */
  refresh(): Promise<Found[]>
  /** Refuses new requests, lets running ones finish for `graceMs`, then ends the rest with an error. */
  drain(graceMs: number): Promise<void>
}
