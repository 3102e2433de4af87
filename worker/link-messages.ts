/** The messages between a page and the worker that holds its link to a server. */
import type { LinkAnswer, LinkRequest, LinkStatus } from '../src/tabs/link-options.ts'
import type { TabState } from '../src/tabs/protocol.ts'

export type ToLink =
  /** Joins the server at `url` with a key that offers; empty where it has no keys. */
  | { kind: 'join'; url: string; key: string; state: TabState; maxTokens?: number | undefined }
  /** Transfers a port to the engine, as the answer to `engine-wanted`. */
  | { kind: 'engine'; port: MessagePort }
  /** Something of what the tab says of itself, or of what its owner allows, has changed. */
  | { kind: 'state'; state: TabState; maxTokens?: number | undefined }
  /** Leaves the server, and stops what the tab does for others. */
  | { kind: 'leave' }

export type FromLink =
  | { kind: 'status'; status: LinkStatus }
  /** Asks for a port to the engine, of which each time the tab joins anew needs another. */
  | { kind: 'engine-wanted' }
  /** A request begins for somebody. */
  | { kind: 'request'; request: LinkRequest }
  /** A part of an answer was sent. */
  | { kind: 'answer'; answer: LinkAnswer }
