/**
 * The parts of sluice, to compose a handler of some of them: a bundle holds the code of those that are
 * listed, and of no others. `createHandler` from `@sluice/sluice` has all parts.
 */
import { createComposedHandler, type Handler } from './composed-handler.ts'
import { callersOf } from './guard/authenticate.ts'
import { isWorkerd } from './platform/runtime.ts'
import { readLog } from './routes/code-options.ts'
import { type ComposedOptions, readComposedOptions } from './routes/composed-options.ts'
import { isPartName } from './routes/part-names.ts'
import { activity as activityPart } from './routes/parts/activity.ts'
import { affinity as affinityPart } from './routes/parts/affinity.ts'
import { balancing as balancingPart } from './routes/parts/balancing.ts'
import { builtIn as builtInPart } from './routes/parts/built-in.ts'
import { captures as capturesPart } from './routes/parts/captures.ts'
import { chat as chatPart } from './routes/parts/chat.ts'
import { completions as completionsPart } from './routes/parts/completions.ts'
import { composeSome, readerOf } from './routes/parts/compose-some.ts'
import { discovery as discoveryPart } from './routes/parts/discovery.ts'
import { embeddings as embeddingsPart } from './routes/parts/embeddings.ts'
import { errorLinks as errorLinksPart } from './routes/parts/error-links.ts'
import { health as healthPart } from './routes/parts/health.ts'
import { largeBodies as largeBodiesPart } from './routes/parts/large-bodies.ts'
import { messages as messagesPart } from './routes/parts/messages.ts'
import { metrics as metricsPart } from './routes/parts/metrics.ts'
import { modelDetails as modelDetailsPart } from './routes/parts/model-details.ts'
import { models as modelsPart } from './routes/parts/models.ts'
import { ollama as ollamaPart } from './routes/parts/ollama.ts'
import { pages as pagesPart } from './routes/parts/pages.ts'
import type { HandlerPart } from './routes/parts/part.ts'
import { passThrough as passThroughPart } from './routes/parts/pass-through.ts'
import { responses as responsesPart } from './routes/parts/responses.ts'
import { streams as streamsPart } from './routes/parts/streams.ts'
import { systemMessages as systemMessagesPart } from './routes/parts/system-messages.ts'
import { tabs as tabsPart } from './routes/parts/tabs.ts'
import { thinking as thinkingPart } from './routes/parts/thinking.ts'
import { traces as tracesPart } from './routes/parts/traces.ts'
import { usage as usagePart } from './routes/parts/usage.ts'
import { requireComposable } from './settings/composable.ts'
import { warnOnce } from './settings/deprecated.ts'
import { unexpected } from './settings/error.ts'
import { readEnvironment } from './settings/read-environment.ts'
import type { SettingsInput } from './settings/settings.ts'
import { WORKERD_DEFAULTS } from './settings/workerd-defaults.ts'
import { isObject } from './util/object.ts'
import { finish } from './util/slices.ts'

export type { Handler } from './composed-handler.ts'
export type { ComposedOptions } from './routes/composed-options.ts'

/** A part of a handler, one of those that this module exports. What is in it may change with any release. */
export interface ComposedPart {
  readonly name: string
}

/** `GET /v1/activity`: requests while they happen. */
export const activity: ComposedPart = activityPart

/** Conversations that stay at the upstream that has their prompt in its cache. */
export const affinity: ComposedPart = affinityPart

/**
 * The least busy upstream first, limits of their concurrency with a fair queue, and circuit breakers. Without it,
 * upstreams are asked in their order.
 */
export const balancing: ComposedPart = balancingPart

/** The model `static`, which answers with one fixed text and needs no server. */
export const builtIn: ComposedPart = builtInPart

/** `GET /v1/captures`: requests and answers, recorded in memory. */
export const captures: ComposedPart = capturesPart

/** `POST /v1/chat/completions` */
export const chat: ComposedPart = chatPart

/** `POST /v1/completions` */
export const completions: ComposedPart = completionsPart

/** Local servers that are found at their well-known ports. */
export const discovery: ComposedPart = discoveryPart

/** `POST /v1/embeddings` */
export const embeddings: ComposedPart = embeddingsPart

/** The field `doc_url` of errors, which leads to what their codes mean. */
export const errorLinks: ComposedPart = errorLinksPart

/** `GET /health` */
export const health: ComposedPart = healthPart

/**
 * Large requests: they are parsed and sent on in steps, one after the other, so that streams go on meanwhile.
 * Without it, each is parsed at once.
 */
export const largeBodies: ComposedPart = largeBodiesPart

/** `POST /v1/messages`: Anthropic’s API. */
export const messages: ComposedPart = messagesPart

/** `GET /metrics`, and the measurements of an OpenTelemetry SDK that the program has registered. */
export const metrics: ComposedPart = metricsPart

/** What model servers tell of their models besides their list: what is loaded, and how much context each has. */
export const modelDetails: ComposedPart = modelDetailsPart

/** `GET /v1/models` */
export const models: ComposedPart = modelsPart

/** Ollama’s API, below `/api`. */
export const ollama: ComposedPart = ollamaPart

/** What people open in a browser: the page, the description of the API, and what errors mean. */
export const pages: ComposedPart = pagesPart

/** Requests that are forwarded as they came: `POST /v1/rerank` and others. */
export const passThrough: ComposedPart = passThroughPart

/** `POST /v1/responses`, and the responses that are stored. */
export const responses: ComposedPart = responsesPart

/** `GET /v1/streams/{id}`: streams that can be resumed. */
export const streams: ComposedPart = streamsPart

/** System messages as chat templates accept them: joined into one, at the beginning. */
export const systemMessages: ComposedPart = systemMessagesPart

/** Browser tabs that offer their GPUs. */
export const tabs: ComposedPart = tabsPart

/** Thinking that models write between tags, and that clients get as reasoning. */
export const thinking: ComposedPart = thinkingPart

/** Spans for OpenTelemetry. */
export const traces: ComposedPart = tracesPart

/** `GET /v1/usage`: what keys have used. */
export const usage: ComposedPart = usagePart

/**
 * Makes a handler of these parts, which reads the settings of the core and of the parts. Throws a
 * `SettingsError` for a setting that is wrong, or that none of them reads, and for an option that there is not.
 *
 * @example
 * const handler = composeHandler([chat, models], { insecure: true })
 * const response = await handler.fetch(new Request('http://localhost/v1/messages', { method: 'POST' }))
 * console.log(response.status) // 404
 */
export function composeHandler(
  parts: readonly ComposedPart[],
  settings: SettingsInput = {},
  options: ComposedOptions = {},
): Handler {
  const list = own(parts)
  const given = isWorkerd() ? { ...WORKERD_DEFAULTS, ...settings } : settings
  const reader = readerOf(list)
  const read = reader.parse(given)
  requireComposable(read, reader.declarations)
  const host = { ...readLog(read.log), ...readComposedOptions(options) }
  return createComposedHandler(composeSome(list), read, { ...host, ...callersOf(host) })
}

/**
 * The settings of the core and of these parts in an environment, such as a Worker's `env`. Throws a
 * `SettingsError`.
 *
 * @example
 * const settings = partSettings([chat], { SLUICE_MODEL: 'qwen3:8b' })
 * console.log(settings.model) // qwen3:8b
 */
export function partSettings(
  parts: readonly ComposedPart[],
  env: Record<string, unknown>,
): SettingsInput {
  return finish(readEnvironment(readerOf(own(parts)), env, warnOnce))
}

/** Throws a `SettingsError` for anything that is no list of parts. */
function own(parts: readonly ComposedPart[]): readonly HandlerPart[] {
  const from = 'import them from @sluice/sluice/parts'
  if (!Array.isArray(parts)) {
    throw unexpected('parts', 'a list of parts, such as [chat, models]', parts, from)
  }
  for (const [index, part] of parts.entries()) {
    if (isObject(part) && isPartName(part.name)) continue
    throw unexpected(`parts[${index}]`, 'a part, such as chat', part, from)
  }
  return parts as readonly HandlerPart[]
}
