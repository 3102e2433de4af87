/** What a route is made of. */
import type { IRequestStrict } from 'itty-router'
import type { Engines } from '../engines/engines.ts'
import type { Guard } from '../guard/guard.ts'
import type { Files } from '../platform/files.ts'
import type { Key } from '../settings/keys.ts'
import type { RunApi } from '../state/run-log.ts'
import type { StateStatus } from '../state/state-status.ts'
import type { StreamSettings } from '../stream/sse-response.ts'
import type { TabHub } from '../tabs/hub.ts'
import type { Pairings } from '../tabs/pairings.ts'
import type { Sources } from '../telemetry/sources.ts'
import type { DocLink } from '../wire/errors/api-error.ts'
import type { modelInfo, modelPage } from '../wire/models/anthropic.ts'
import type { conversationOf } from './affinity.ts'
import type { Family } from './api.ts'
import type { Elsewhere } from './elsewhere.ts'
import type { ExchangeContext } from './exchange.ts'
import type { LeftOut } from './left-out.ts'
import type { Greeting } from './ollama/greeting.ts'
import type { noOllamaRoute } from './ollama/no-route.ts'
import type { Page } from './page.ts'
import type { Resume } from './runs/resuming.ts'
import type { StoredResponses } from './runs/runs.ts'
import type { SendStream, StreamAnswering } from './stream-answering.ts'
import type { Trace } from './trace.ts'

/** What the routes of one handler share. */
export interface RouteContext extends ExchangeContext, Engines {
  guard: Guard
  /** How streams are sent. */
  streaming: StreamSettings
  responses: StoredResponses
  /** Sends streams that can be resumed, where the handler has those. */
  resuming: Resuming | undefined
  /** The browser tabs that answer requests, where they may. */
  tabs: TabHub | undefined
  /** The pairings that are open, and the keys that came of them since the settings were read, by their hashes. */
  pairings: Pairings | undefined
  paired: Map<string, Key>
  /** Adds a key to the settings file. Resolves with whether there is one; never rejects. */
  saveKey: ((key: Key) => Promise<boolean>) | undefined
  /** Forgets one that was saved elsewhere than in the settings. */
  dropKey: ((key: Key) => Promise<void>) | undefined
  /** What telemetry reads when it is asked. */
  sources: Sources | undefined
  /** Whether several callers are told apart: by several keys, or by `authenticate`. */
  hasSeveralCallers: boolean
  /** The page's files, where the host has them, and what serves them. */
  files: Files | undefined
  page: Page | undefined
  /** The parts that the handler is composed without; undefined where it has all. */
  leftOut: LeftOut | undefined
  /** The error for a path of Ollama's API that has no route, where that API is served. */
  noOllamaRoute: typeof noOllamaRoute | undefined
  /** Answers `/` to Ollama's clients, where their API is served. */
  greeting: Greeting | undefined
  /** The families of APIs besides OpenAI's. */
  families: readonly Family[]
  /** Models in Anthropic's API, where that is served. */
  anthropicModels:
    | (() => Promise<{ modelPage: typeof modelPage; modelInfo: typeof modelInfo }>)
    | undefined
  /** By the origin that was asked, where its client finds what error codes mean. */
  docLink: ((origin?: string) => DocLink) | undefined
  /** The path below which clients find the API; empty for the root. */
  basePath: string
  /** Whether no request may be woken by another's timer or promise. */
  isolates: boolean
  /** The runtime's name and version. */
  hostName: string | undefined
  /** The open streams of `/v1/activity`, which end at once when the handler stops. */
  feeds: Set<{ end(): void }>
  /** Whether the server is being stopped. */
  isDraining(): boolean
  /** Whether load balancers are to send no more requests. */
  isLeaving(): boolean
  /** The id of this sluice, in hop lists and in what instances share. */
  instance(): string
  /** What is known of the shared state. */
  stateStatus(): StateStatus
  /** By what conversations are recognized, where they stay at their engines. */
  conversationOf: typeof conversationOf | undefined
  /** Where streams run that can be resumed, if not here. */
  elsewhere: Elsewhere | undefined
}

/** What a route that generates something asks of a handler whose streams can be resumed. */
export interface Resuming {
  /** How an answer can be resumed; undefined for an ordinary one. Throws an `ApiError` (400). */
  resumeOf(request: Request, trace: Trace, context: RouteContext): Resume | undefined
  /** Sends a stream that can be. */
  resumable(
    resume: Resume & { api: RunApi },
    answering: Pick<StreamAnswering, 'id' | 'lastWords'>,
    context: RouteContext,
  ): SendStream
}

export type RouteRequest = IRequestStrict

/** Answers one request. Rejects with an `ApiError`, or with why the exchange ended. */
export type RouteHandler = (
  request: RouteRequest,
  trace: Trace,
  context: RouteContext,
) => Promise<Response>

/** Handlers by operation id: a module's exports, or what loads the module. */
export type HandlerModule<Id extends string> =
  | Record<Id, RouteHandler>
  | (() => Promise<Record<Id, RouteHandler>>)

/** The handler that `module` exports as `id`; its code is loaded at the first request. */
export function handlerOf<Id extends string>(id: Id, module: HandlerModule<Id>): RouteHandler {
  if (typeof module !== 'function') return module[id]
  let handler: RouteHandler | undefined
  return async (request, trace, context) => {
    handler ??= (await module())[id]
    return handler(request, trace, context)
  }
}
