/** The routes of Ollama's API that generate something. */
import { NDJSON } from '../../src/wire/ollama/answer.ts'
import { ollamaChatLines, ollamaGenerateLines } from '../../src/wire/ollama/schema.ts'
import { ENGINE_ERRORS } from './errors.ts'
import type { OperationTexts } from './operation.ts'

const shared = {
  tag: 'Ollama',
  answerText: 'The answer if `stream` is false, else lines of JSON.',
  streamType: NDJSON,
  errors: ENGINE_ERRORS,
  errorShape: 'OllamaError',
}

export const ollamaChatTexts = {
  createOllamaChat: {
    ...shared,
    summary: 'Answers a conversation in Ollama’s API, as a stream or as JSON.',
    description:
      'Any engine is asked for a chat; an Ollama gets the request unchanged. A line without content is a heartbeat.',
    example: { model: 'static', messages: [{ role: 'user', content: 'Hello!' }] },
    events: ollamaChatLines,
  },
  createOllamaGeneration: {
    ...shared,
    summary: 'Answers a prompt in Ollama’s API, as a stream or as JSON.',
    description:
      'Any engine is asked for a chat, or for a text completion if `raw` or `suffix` is given; an Ollama gets the request unchanged.',
    example: { model: 'static', prompt: 'Hello!' },
    events: ollamaGenerateLines,
  },
} satisfies Record<string, OperationTexts>
