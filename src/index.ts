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
export { ApiError, type ErrorBody } from './wire/errors.ts'
