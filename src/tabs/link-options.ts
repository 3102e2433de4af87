/** What a link is given, and what it tells of itself. */
import type { LinkPort } from './link-port.ts'
import type { LinkTarget } from './link-requests.ts'
import type { TabState } from './protocol.ts'

/** What a person sees of a link. `again`: milliseconds until it tries again. */
export type LinkStatus =
  | { kind: 'joining' }
  /** `tab`: its id at the server. */
  | { kind: 'joined'; name: string; tab: string }
  | { kind: 'lost'; why: string; again: number }
  /** It does not try again. `code`: the server's error code. */
  | { kind: 'ended'; why: string; code?: string | undefined }

export interface LinkOptions extends LinkTarget {
  state: TabState
  /** The most tokens of an answer, whatever is asked for; no limit without it. */
  maxTokens?: number | undefined
  /** Serves the engine over a port, until the returned function is called. */
  serve(port: LinkPort): () => void
  onStatus(status: LinkStatus): void
  onRequest?(request: LinkRequest): void
  onAnswer?(answer: LinkAnswer): void
}

/** A request that the tab begins to answer. */
export interface LinkRequest {
  id: number
  /** The name of the key that asks; empty where the server has no keys. */
  for: string
  model: string | undefined
}

/** A part of an answer that was sent. */
export interface LinkAnswer {
  /** The id of its request. */
  id: number
  /** Chunks with something to read, of which the engine makes one for each token. */
  tokens: number
  /** Whether it is the last part. */
  isOver: boolean
}
