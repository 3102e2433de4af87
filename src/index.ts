/** The public face of sluice. */

export type { EngineStatus } from './engines/registry/catalog.ts'
export type { Handler, HandlerHost } from './handler.ts'
export { createHandler } from './handler.ts'
export type { LogEntry } from './platform/log.ts'
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
