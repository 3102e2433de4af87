/** What a handler is composed of. */
import type { Engine } from '../../engines/engine.ts'
import type { EngineParts } from '../../engines/engines.ts'
import type { Balancing } from '../../engines/pool/balancing.ts'
import type { Conversations } from '../../engines/pool/conversations.ts'
import type { watchLoad } from '../../engines/pool/watch-load.ts'
import type { createDiscovery } from '../../engines/registry/discovery.ts'
import type { Ability } from '../../engines/upstream/chat-upstream.ts'
import type { ReadJson } from '../../guard/read-body.ts'
import type { Declarations, Rules } from '../../settings/reader.ts'
import type { Settings } from '../../settings/settings.ts'
import type { ResponseStore } from '../../state/response-store.ts'
import type { HubOptions, TabHub } from '../../tabs/hub.ts'
import type { Pairings } from '../../tabs/pairings.ts'
import type { FeatureMakers } from '../../telemetry/request-telemetry.ts'
import type { withSystemMessages } from '../../wire/chat/system-messages.ts'
import type { conversationOf } from '../affinity.ts'
import type { Family } from '../api.ts'
import type { docLinks } from '../doc-links.ts'
import type { Greeting } from '../ollama/greeting.ts'
import type { noOllamaRoute } from '../ollama/no-route.ts'
import type { Page } from '../page.ts'
import type { PartName } from '../part-names.ts'
import type { Resuming, RouteContext } from '../route.ts'
import type { Runs } from '../runs/runs.ts'
import type { Routes } from '../table-entry.ts'
import type { tabCounter, telemetrySources } from '../telemetry-sources.ts'

/**
 * One part of a handler: an API or a feature, with its routes and with what the core can't do without it.
 * Nothing of a part is reachable from a shared module, so that a bundle holds only those that are listed.
 */
export interface HandlerPart extends Partial<Provided> {
  readonly name: PartName
  /** In the order in which they are tried. */
  readonly routes?: Routes
  /** The settings that it reads, beside those of the core. */
  readonly settings?: Declarations
  /** The families of APIs besides OpenAI's. */
  readonly families?: readonly Family[]
  /** What it asks of upstreams beyond chats. */
  readonly abilities?: readonly Ability[]
  /** Throws a `SettingsError` for settings that contradict each other. */
  readonly check?: (settings: Settings, hasAuthenticate: boolean) => void
}

/** What a part can add to the handler, besides routes. What nobody provides is switched off. */
export interface Provided {
  /** Ways of watching requests. */
  readonly telemetry: FeatureMakers
  /** Browser tabs that answer requests. */
  readonly tabs: {
    hub(options: HubOptions): TabHub
    pairings(): Pairings
    /** Counts those that come and go. */
    counter: typeof tabCounter
  }
  /** Where responses are stored by default. */
  readonly store: () => ResponseStore
  /** Streams that go on when their client is gone. */
  readonly resuming: Resuming & { runs(): Runs }
  /** The files of the page. */
  readonly page: Page
  /** Answers `/` to Ollama's clients. */
  readonly greeting: Greeting
  /** Finds local servers. */
  readonly discover: typeof createDiscovery
  /** Reads JSON bodies so that large ones hold nothing up. */
  readonly readJson: ReadJson
  /** Spreads requests over engines. */
  readonly balancing: Balancing
  /** Keeps conversations at the engines that answered them. */
  readonly affinity: {
    conversationOf: typeof conversationOf
    conversations(): Conversations
  }
  /** Makes the engine that answers with a fixed text. */
  readonly createStatic: (settings: Settings) => Engine
  /** What telemetry reads of the engines. */
  readonly sources: typeof telemetrySources
  /** Models in Anthropic's API. */
  readonly anthropicModels: NonNullable<RouteContext['anthropicModels']>
  /** Leads to what error codes mean. */
  readonly docLinks: typeof docLinks
  /** Makes reasoning of what answers have between tags. */
  readonly thinking: NonNullable<EngineParts['thinking']>
  /** Sends system messages as chat templates accept them. */
  readonly withSystemMessages: typeof withSystemMessages
  /** The error for a path of Ollama's API that has no route. */
  readonly noOllamaRoute: typeof noOllamaRoute
  /** Shows what a server does about a model that it has to load. */
  readonly watchLoad: typeof watchLoad
  /** What other variables of the environment than sluice's own stand for. */
  readonly fromEnvironment: NonNullable<Rules['fromEnvironment']>
}
