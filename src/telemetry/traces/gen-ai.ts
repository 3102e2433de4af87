/**
 * The names that spans have, and every convention of OpenTelemetry that they follow, in this one file:
 *
 * - HTTP servers: the stable conventions of OpenTelemetry (semantic-conventions 1.41, HTTP spans).
 * - Generative AI: the conventions in open-telemetry/semantic-conventions-genai, where they moved after
 *   version 1.41 of semantic-conventions. All of them are in development, and none was released yet: the
 *   version here is the one that their schema names, read in October 2026.
 *
 * What these conventions have no name for is below `sluice.`, so that no name of theirs can come to mean
 * something else here. No prompt, answer, key or address is put into a span.
 */
import type { Usage } from '../../wire/chat/answer.ts'
import type { SpanAttributes } from './tracer.ts'

/** The version of the conventions of generative AI, as their schema is named. */
const GEN_AI_CONVENTIONS = '1.42.0-dev'

/** The address of their schema, which exported spans name. */
export const SCHEMA_URL = `https://opentelemetry.io/schemas/gen-ai-dev/${GEN_AI_CONVENTIONS}`

/** `gen_ai.operation.name` of the routes that have one, by their paths. */
const OPERATIONS: Readonly<Record<string, string>> = {
  '/v1/chat/completions': 'chat',
  '/v1/messages': 'chat',
  '/v1/responses': 'chat',
  '/v1/responses/compact': 'chat',
  '/api/chat': 'chat',
  '/v1/completions': 'text_completion',
  '/api/generate': 'text_completion',
  '/v1/embeddings': 'embeddings',
  '/api/embed': 'embeddings',
  '/api/embeddings': 'embeddings',
}

/** What an attempt asks an engine for. */
export interface AskedEngine {
  route: string | undefined
  engine: string
  /** The kind of server, where that is known. */
  kind: string | undefined
  model: string | undefined
  /** From 1. */
  attempt: number
  session: string | undefined
}

/** The name of the span of an attempt, and what is known of it at its start. */
export function attemptStart(asked: AskedEngine): { name: string; attributes: SpanAttributes } {
  const { route, engine, kind, model, attempt, session } = asked
  const operation = operationOf(route)
  const attributes: SpanAttributes = {
    'gen_ai.operation.name': operation,
    // The conventions name no local server, and allow names of one's own.
    'gen_ai.provider.name': kind ?? 'sluice',
    'sluice.engine': engine,
    'sluice.attempt': attempt,
  }
  if (model !== undefined) attributes['gen_ai.request.model'] = model
  if (session !== undefined) attributes['gen_ai.conversation.id'] = session
  return { name: model === undefined ? operation : `${operation} ${model}`, attributes }
}

/** What is known of an attempt at its end. Times are milliseconds. */
export interface AnsweredAttempt {
  isStream: boolean
  /** From the attempt's start. */
  firstToken: number | undefined
  usage: Usage | undefined
  longestGap: number
  stalls: number
}

export function attemptEnd(answered: AnsweredAttempt): SpanAttributes {
  const { isStream, firstToken, usage, longestGap, stalls } = answered
  const attributes: SpanAttributes = {}
  // The conventions have this attribute for streams alone.
  if (isStream) attributes['gen_ai.request.stream'] = true
  if (isStream && firstToken !== undefined) {
    attributes['gen_ai.response.time_to_first_chunk'] = firstToken / 1_000
  }
  if (longestGap > 0) attributes['sluice.longest_gap_ms'] = longestGap
  if (stalls > 0) attributes['sluice.stalls'] = stalls
  return usage ? { ...attributes, ...usageAttributes(usage) } : attributes
}

function usageAttributes(usage: Usage): SpanAttributes {
  const { prompt_tokens, completion_tokens, prompt_tokens_details, completion_tokens_details } =
    usage
  const counts = {
    'gen_ai.usage.input_tokens': prompt_tokens,
    'gen_ai.usage.output_tokens': completion_tokens,
    'gen_ai.usage.cache_read.input_tokens': prompt_tokens_details?.cached_tokens,
    'gen_ai.usage.reasoning.output_tokens': completion_tokens_details?.reasoning_tokens,
  }
  const known = Object.entries(counts).filter(([, count]) => Number.isSafeInteger(count))
  return Object.fromEntries(known) as SpanAttributes
}

/** The name of the span of a request: the route's path holds no words of a client's. */
export function requestName(method: string, route: string | undefined): string {
  return route === undefined ? knownMethod(method) : `${knownMethod(method)} ${route}`
}

/** What is known of a request at the start of its span. */
export function requestStart(
  method: string,
  route: string | undefined,
  id: string,
): SpanAttributes {
  return {
    'http.request.method': knownMethod(method),
    ...(route !== undefined && { 'http.route': route }),
    'sluice.request.id': id,
  }
}

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH']

/** Any other is a client's word, for which the conventions have one of their own. */
function knownMethod(method: string): string {
  return METHODS.includes(method) ? method : '_OTHER'
}

/** What is known of a request at its end. */
export interface RequestOutcome {
  status: number
  outcome: string
  key: string | undefined
  code: string | undefined
  affinity: string | undefined
  attempts: number
  repairs: string[]
  heartbeats: number
  /** Milliseconds for which the client had unread data. */
  blocked: number
}

export function requestEnd(request: RequestOutcome): SpanAttributes {
  const { status, outcome, key, code, affinity, attempts, repairs, heartbeats, blocked } = request
  const attributes: SpanAttributes = { 'sluice.outcome': outcome }
  if (status > 0) attributes['http.response.status_code'] = status
  if (key) attributes['sluice.key'] = key
  if (code !== undefined) attributes['sluice.error.code'] = code
  if (affinity !== undefined) attributes['sluice.affinity'] = affinity
  if (attempts > 0) attributes['sluice.attempts'] = attempts
  if (repairs.length > 0) attributes['sluice.repairs'] = repairs
  if (heartbeats > 0) attributes['sluice.heartbeats'] = heartbeats
  if (blocked > 0) attributes['sluice.client_blocked_ms'] = blocked
  return attributes
}

/** The metrics of attempts, for a meter of the program's: the same conventions as those of spans. */
export const GEN_AI_METRICS = {
  duration: 'gen_ai.client.operation.duration',
  firstChunk: 'gen_ai.client.operation.time_to_first_chunk',
  input: 'gen_ai.client.inference.usage.input_tokens',
  output: 'gen_ai.client.inference.usage.output_tokens',
} as const

/** Seconds: the conventions end at 82, which is too short for a model that is loaded first. */
export const SECONDS = [
  ...[0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92],
  ...[160, 320, 640, 1_280, 2_560],
]

/** The attributes of such a metric, all of which come from settings and from what engines serve. */
export function metricAttributes(attempt: {
  route: string | undefined
  engine: string
  kind: string | undefined
  model: string
  error: string | undefined
}): SpanAttributes {
  const { route, engine, kind, model, error } = attempt
  return {
    'gen_ai.operation.name': operationOf(route),
    'gen_ai.provider.name': kind ?? 'sluice',
    'gen_ai.request.model': model,
    'sluice.engine': engine,
    ...(error !== undefined && errorType(error)),
  }
}

/** Which kind of tokens are counted: the conventions want 0 of an unknown kind where none were reported. */
export function modality(isReported: boolean): SpanAttributes {
  return { 'gen_ai.token.modality': isReported ? 'text' : 'unknown' }
}

/** Most routes that are only forwarded have no name in the conventions: theirs is their path's. */
function operationOf(route: string | undefined): string {
  return OPERATIONS[route ?? ''] ?? (route ?? 'request').replace(/^\/(?:v\d|api)?\/?/, '')
}

/** Names of sluice's own: the span of the time in the queue, and the event of the first token. */
export const QUEUE_SPAN = 'sluice.queue'
export const FIRST_TOKEN_EVENT = 'sluice.first_token'

/** The attribute that says what failed, for which there is a code as the client gets it. */
export function errorType(type: string): SpanAttributes {
  return { 'error.type': type }
}
