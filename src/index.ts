/** The public face of sluice. */

export type { Found, Handler, Host, LogEntry } from './handler.ts'
export { createHandler } from './handler.ts'
export { parseSettings, type Settings, SettingsError, type SettingsInput } from './settings.ts'
export type {
  ChatChunk,
  ChatCompletion,
  ChatMessage,
  ChatRequest,
  FinishReason,
  Usage,
} from './wire/chat.ts'
export type { EmbeddingRequest, EmbeddingResponse } from './wire/embedding.ts'
export { ApiError, type ErrorBody } from './wire/errors.ts'
export type { TextChoice, TextChunk, TextRequest } from './wire/text-completion.ts'
