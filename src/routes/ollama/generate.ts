import { readOllamaGenerate } from '../../dialects/ollama/dialect.ts'
import { generate } from '../generate.ts'
import { answerOllama } from './answer.ts'

/** `POST /api/generate` */
export const createOllamaGeneration = generate((body, { trace }) => {
  return answerOllama(readOllamaGenerate(body, trace.id), trace)
})
