import { readOllamaChat } from '../../dialects/ollama/dialect.ts'
import { requireItemLimits } from '../../guard/size.ts'
import { generate } from '../generate.ts'
import { answerOllama } from './answer.ts'

/** `POST /api/chat` */
export const createOllamaChat = generate((body, reading) => {
  requireItemLimits(body, reading.context.settings)
  return answerOllama(readOllamaChat(body, reading.trace.id), reading)
})
