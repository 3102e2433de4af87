/**
 * The public API: a handler that serves the OpenAI and Anthropic APIs with your own servers and
 * engines. `@sluice/sluice/bun`, `@sluice/sluice/deno` and `@sluice/sluice/node` add a server.
 */

// Your own engines.
export type {
  ChatChunkInput,
  ChatDelta,
  ChatYield,
  ToolCallPiece,
  UsageYield,
} from './engines/custom/chat-form.ts'
export {
  type DefinedEngine as Engine,
  defineEngine,
  type EngineDefinition,
  type GenerationCall,
} from './engines/custom/define-engine.ts'
export type { Embedded, Vector } from './engines/custom/embed.ts'
export type { EngineCall, Yields } from './engines/custom/generated.ts'
export type { ModelList, ModelsOf } from './engines/custom/models.ts'
export type { TextPiece, TextYield } from './engines/custom/text-form.ts'
export type { UsageInput } from './engines/custom/usage.ts'
export type { Model, Progress } from './engines/engine.ts'

// The handler and its options.
import type { EngineStatus } from './engines/registry/catalog.ts'

export type { EngineStatus } from './engines/registry/catalog.ts'
export type { Authenticate, Identity } from './guard/authenticate.ts'
export { createHandler, type FormerHost as Host, type Handler } from './handler.ts'
export type {
  HandlerOptions,
  ServerOptions,
  TelemetryOptions,
} from './options.ts'
export type {
  Fetch,
  Fetched,
  FetchInit,
  Packet,
  PacketReader,
  TakePacket,
} from './platform/fetch.ts'
export type { Files } from './platform/files.ts'
export type { LogEntry } from './platform/log.ts'
export type { StateOptions } from './routes/state-option.ts'
// Settings.
export { settingsFromEnv } from './settings/environment.ts'
export {
  type Key,
  type KeyInput,
  parseSettings,
  type ResolvedUpstream,
  type Settings,
  SettingsError,
  type SettingsInput,
  type UpstreamInput,
  type Warn,
} from './settings/settings.ts'
export type { DenoSetting, ServerSetting } from './settings/table/table.ts'
export type { BucketLevel, LimitStore } from './state/former-limits.ts'
export type {
  Admission,
  Claim,
  HeldPermit,
  Levels,
  LimitLevel,
  LimitName,
  Limits,
  LimitsOfKey,
  SlotKind,
  UsedInPeriod,
  UseSoFar,
} from './state/limits.ts'
export type { ResponseStore, StoredResponse } from './state/response-store.ts'
export type {
  Produced,
  RunApi,
  RunChange,
  RunInfo,
  RunKey,
  RunLimits,
  RunLog,
  RunPart,
  RunState,
} from './state/run-log.ts'
export type {
  AttributeValue,
  Span,
  SpanAttributes,
  SpanContext,
  SpanStart,
  SpanTracer,
  TraceState,
} from './telemetry/traces/tracer.ts'
// The types of requests and answers.
export type {
  ChatChunk,
  ChatCompletion,
  ChatMessage,
  ChatRequest,
  ChunkChoice,
  ChunkDelta,
  CompletionChoice,
  CompletionMessage,
  ContentPart,
  FinishReason,
  Logprobs,
  Role,
  StreamOptions,
  Tool,
  ToolCall,
  ToolCallDelta,
  Usage,
} from './wire/chat/request.ts'
export type {
  TextChoice,
  TextChunk,
  TextLogprobs,
  TextRequest,
} from './wire/completions/request.ts'
export type { EmbeddingResponse } from './wire/embeddings/answer.ts'
export type { EmbeddingRequest } from './wire/embeddings/request.ts'
export {
  ApiError,
  type DocLink,
  type ErrorBody,
  type ErrorDetails,
  type Evidence,
} from './wire/errors/api-error.ts'
export type { TraceHeaders } from './wire/headers/trace-context.ts'
export type {
  ItemStatus,
  OutputItem,
  OutputMessage,
  ResponseObject,
  ResponseStatus,
  ResponseUsage,
} from './wire/responses/answer.ts'
export type {
  FunctionCallItem,
  FunctionCallOutputItem,
  MessageItem,
  ReasoningItem,
  ResponseItem,
  ResponsePart,
} from './wire/responses/items.ts'
export type { TextInputs } from './wire/validation/inputs.ts'

/** @deprecated Its name is `EngineStatus` now; this one works for one release. */
export type Found = EngineStatus
