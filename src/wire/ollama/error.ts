/** Errors in the format of Ollama's API, in a response and as a line of a stream. */
import type { ApiError } from '../errors/api-error.ts'

export interface OllamaErrorBody {
  error: string
}

/**
 * Ollama's clients show the text to people; they read nothing else of it. Where it names OpenAI's list of
 * models, it is written with Ollama's.
 */
export function ollamaError({ message }: ApiError): OllamaErrorBody {
  return { error: message.replaceAll('GET /v1/models', 'GET /api/tags') }
}
