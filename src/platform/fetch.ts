/** Requests to servers, as a runtime makes them. */

/** What sluice asks of an upstream. */
export interface FetchInit {
  method?: 'DELETE' | 'GET' | 'HEAD' | 'OPTIONS' | 'POST'
  headers?: Record<string, string>
  /** Text is sent as UTF-8, bytes as they are. */
  body?: string | Uint8Array<ArrayBuffer>
  signal?: AbortSignal
  redirect?: 'manual'
  /**
   * Sends it over a new connection, so that it is never sent twice: when a kept connection closes, it
   * cannot be known whether the server had read the request. `transport/http1/fetch.ts` and the
   * `nativeFetch` of Bun, Deno and Node honour it. The `fetch` of workerd ignores it, but never sends a
   * request twice by itself.
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
  forEachPacket?(take: TakePacket): Promise<void>
  /** To be called with each packet of an engine's answer when it is taken, for those who watch the bytes. */
  onTaken?(packet: Uint8Array<ArrayBuffer>): void
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

/** A request that was sent on a connection, on which no valid response came. */
export class Unanswered extends Error {}

/**
 * A connection that had been used before closed soon after the request, and without any answer. As a
 * rule its server, or a proxy before it, had given it up already.
 */
export class StaleConnection extends Unanswered {}

/** What came in answer to a request is no valid HTTP, as the message says: `expected …, got "…"`. */
export class InvalidResponse extends Unanswered {}

/** The global `fetch`, as far as sluice uses it. A request that can't be sent is an `Unsendable`. */
export type Fetch = (url: string, init: FetchInit) => Promise<Fetched>
