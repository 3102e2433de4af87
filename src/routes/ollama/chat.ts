import { readOllamaChat } from '../../dialects/ollama/dialect.ts'
import { requireItemLimits } from '../../guard/size.ts'
import { generate } from '../generate.ts'
import { answerOllama } from './answer.ts'

/** `POST /api/chat` */
export const createOllamaChat = generate((body, { trace, context }) => {
  requireItemLimits(body, context.settings)
  return answerOllama(readOllamaChat(body, trace.id), trace)
})
