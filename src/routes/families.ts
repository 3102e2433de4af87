/** The families of APIs besides OpenAI's. */
import { messagesError } from '../wire/messages/error.ts'
import { ollamaError } from '../wire/ollama/error.ts'
import { type Family, sendsVersion } from './api.ts'

/** Told by its path or, where OpenAI's API has the same one, by the version header. */
export const anthropic: Family = {
  name: 'anthropic',
  has: (path, headers) =>
    /^\/v1\/messages(\/|$)/.test(path) ||
    (/^\/v1\/models(\/|$)/.test(path) && sendsVersion(headers)),
  error: messagesError,
  idHeader: 'request-id',
}

export const ollama: Family = {
  name: 'ollama',
  has: (path) => /^\/api(\/|$)/.test(path),
  error: ollamaError,
}

export const allFamilies: readonly Family[] = [anthropic, ollama]
