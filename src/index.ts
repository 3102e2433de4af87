/**
 * What programs build on: a handler that serves the OpenAI and Anthropic APIs from servers and
 * engines of one's own. `sluice/bun`, `sluice/deno` and `sluice/node` add a server to it.
 */

export { defineEngine } from './engines/custom/define-engine.ts'
export type { EngineStatus } from './engines/registry/catalog.ts'
export { createHandler, type Handler } from './handler.ts'
export type { HandlerOptions, StateOptions } from './options.ts'
export type { LogEntry } from './platform/log.ts'
export { settingsFromEnv } from './settings/environment.ts'
export {
  parseSettings,
  type Settings,
  SettingsError,
  type SettingsInput,
} from './settings/settings.ts'
export type {
  ChatChunk,
  ChatCompletion,
  ChatMessage,
  ChatRequest,
  FinishReason,
  Usage,
} from './wire/chat/request.ts'
export type { TextChoice, TextChunk, TextRequest } from './wire/completions/request.ts'
export type { EmbeddingResponse } from './wire/embeddings/answer.ts'
export type { EmbeddingRequest } from './wire/embeddings/request.ts'
export { ApiError, type ErrorBody } from './wire/errors/api-error.ts'
