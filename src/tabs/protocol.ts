/**
 * What a tab and the server say to each other. The tab opens `POST /v1/tabs`, which answers with an event
 * stream, and sends its own messages in batches to `POST /v1/tabs/{id}`. Each message that counts has a
 * number, so that a connection can be made anew without losing or repeating any.
 */
import type { ReplyMessage, RequestMessage } from '../engines/remote/protocol.ts'
import type { LINK_VERSION } from '../wire/tabs/version.ts'

/**
 * Whether a model answers at once (`loaded`), after it was loaded from the browser's cache (`cached`), or
 * after it was downloaded (`available`).
 */
export type TabModelState = 'loaded' | 'cached' | 'available'

/** A model that a tab offers. */
export interface TabModel {
  id: string
  state: TabModelState
  /** Tokens of its context. */
  context_length?: number | undefined
}

/** What a tab says of itself. */
export interface TabState {
  models: TabModel[]
  /** The name of its GPU. */
  gpu?: string | undefined
  /** Whether a person sees the tab: browsers slow down those that are hidden. */
  visible: boolean
  /** Whether it runs on mains power; undefined where the browser does not say. */
  charging?: boolean | undefined
  /** Whether its owner has paused it: it finishes what it does and takes no more. */
  paused: boolean
  /** Tokens per second of its last answers. */
  tokensPerSecond?: number | undefined
}

/**
 * The body of `POST /v1/tabs`. `resume`: the tab that it was, and the last number that it has received.
 * `replaces`: a tab that it was and will not be again.
 */
export interface Hello extends TabState {
  v: typeof LINK_VERSION
  resume?: { tab: string; seq: number } | undefined
  replaces?: string | undefined
}

/** The first event of the stream, without a number. */
export interface Joined {
  kind: 'joined'
  /** Where the tab sends its messages: `/v1/tabs/{tab}`. */
  tab: string
  /** The name that people see. */
  name: string
  /** The number of the last message that the server has from it. */
  seq: number
  /** Milliseconds for which the tab gathers messages before it sends them. */
  gather: number
}

/** Events without a number: they are worth nothing once the connection is lost. */
export type Signal =
  | Joined
  /** The tab's script has to answer it. */
  | { kind: 'ping' }
  /** The server wants the tab no more, for a reason that people read. */
  | { kind: 'stop'; reason: string }

/** An event with a number: a message for the engine, and for whom it is. */
export interface Ask {
  kind: 'ask'
  /** Without one it is worth nothing once the connection is lost. */
  seq?: number | undefined
  message: RequestMessage
  /** The name of the key whose request it begins; empty where there are no keys. */
  for?: string | undefined
}

/** Messages of a tab. */
export type Tell =
  | { kind: 'tell'; message: ReplyMessage }
  | { kind: 'state'; state: TabState }
  /** The tab is being closed. */
  | { kind: 'leaving' }

/** The body of `POST /v1/tabs/{id}`. Without messages it answers a ping. */
export interface Batch {
  /** The number of the first message. */
  seq: number
  /** The number of the last event that the tab has. */
  ack: number
  messages: Tell[]
}

/** The answer to a batch: the number of the last message that the server has. */
export interface Taken {
  seq: number
}

/** Milliseconds between two pings, while nothing is asked of the tab and while something is. */
export const PING_EVERY = { idle: 15_000, busy: 3_000 }

/** Milliseconds of silence after which a tab counts as gone; that is looked at once a second. */
export const GONE_AFTER = { idle: 45_000, busy: 8_500 }

/** Milliseconds for which a tab whose connection is lost may come back. */
export const BACK_WITHIN = 8_000
