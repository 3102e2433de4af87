/**
 * The parts of sluice, to compose a handler of some of them: a bundle holds the code of those that are
 * listed, and of no others. `createHandler` from `@sluice/sluice` has all parts.
 */
import { createComposedHandler, type Handler } from './composed-handler.ts'
import type { HandlerHost, HandlerOptions } from './options.ts'
import type { LogEntry } from './platform/log.ts'
import { isWorkerd } from './platform/runtime.ts'
import { activity as activityPart } from './routes/parts/activity.ts'
import { captures as capturesPart } from './routes/parts/captures.ts'
import { chat as chatPart } from './routes/parts/chat.ts'
import { completions as completionsPart } from './routes/parts/completions.ts'
import { compose, readerOf } from './routes/parts/compose.ts'
import { discovery as discoveryPart } from './routes/parts/discovery.ts'
import { embeddings as embeddingsPart } from './routes/parts/embeddings.ts'
import { health as healthPart } from './routes/parts/health.ts'
import { messages as messagesPart } from './routes/parts/messages.ts'
import { metrics as metricsPart } from './routes/parts/metrics.ts'
import { models as modelsPart } from './routes/parts/models.ts'
import { ollama as ollamaPart } from './routes/parts/ollama.ts'
import { pages as pagesPart } from './routes/parts/pages.ts'
import type { HandlerPart } from './routes/parts/part.ts'
import { passThrough as passThroughPart } from './routes/parts/pass-through.ts'
import { responses as responsesPart } from './routes/parts/responses.ts'
import { streams as streamsPart } from './routes/parts/streams.ts'
import { tabs as tabsPart } from './routes/parts/tabs.ts'
import { traces as tracesPart } from './routes/parts/traces.ts'
import { usage as usagePart } from './routes/parts/usage.ts'
import { readBasePath } from './settings/base-path.ts'
import { warnOnce } from './settings/deprecated.ts'
import { unknownName } from './settings/error.ts'
import { readEnvironment } from './settings/read-environment.ts'
import type { SettingsInput } from './settings/settings.ts'
import { WORKERD_DEFAULTS } from './settings/workerd-defaults.ts'
import type { Limits } from './state/limits.ts'
import { finish } from './util/slices.ts'

export type { Handler } from './composed-handler.ts'

/** A part of a handler, one of those that this module exports. What is in it may change with any release. */
export interface ComposedPart {
  readonly name: string
}

/** `GET /v1/activity`: requests while they happen. */
export const activity: ComposedPart = activityPart

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

/** `GET /health` */
export const health: ComposedPart = healthPart

/** `POST /v1/messages`: Anthropic’s API. */
export const messages: ComposedPart = messagesPart

/** `GET /metrics`, and the measurements of an OpenTelemetry SDK that the program has registered. */
export const metrics: ComposedPart = metricsPart

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

/** Browser tabs that offer their GPUs. */
export const tabs: ComposedPart = tabsPart

/** Spans for OpenTelemetry. */
export const traces: ComposedPart = tracesPart

/** `GET /v1/usage`: what keys have used. */
export const usage: ComposedPart = usagePart

/** What only code can give a composed handler. */
export interface ComposedOptions
  extends Pick<HandlerOptions, 'engines' | 'authenticate' | 'basePath' | 'fetch' | 'files'> {
  /** How much of its limits each key or identity has used; in memory by default. */
  limits?: Limits
  /** Called once per request, when it has ended. */
  log?: (entry: LogEntry) => void
}

const OPTIONS = ['engines', 'authenticate', 'basePath', 'fetch', 'files', 'limits', 'log']

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
  for (const name of Object.keys(options)) {
    if (!OPTIONS.includes(name)) throw unknownName(name, name, OPTIONS, 'option')
  }
  // Engines that `defineEngine` has made are whole ones.
  const basePath = readBasePath(options.basePath ?? '')
  const host = { ...(options as HandlerHost), basePath }
  const given = isWorkerd() ? { ...WORKERD_DEFAULTS, ...settings } : settings
  return createComposedHandler(compose(own(parts)), readerOf(own(parts)).parse(given), host)
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

function own(parts: readonly ComposedPart[]): readonly HandlerPart[] {
  return parts as readonly HandlerPart[]
}
