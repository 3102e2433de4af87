import { readOllamaGenerate } from '../../dialects/ollama/dialect.ts'
import { generate } from '../generate.ts'
import { answerOllama } from './answer.ts'

/** `POST /api/generate` */
export const createOllamaGeneration = generate((body, reading) => {
  return answerOllama(readOllamaGenerate(body, reading.trace.id), reading)
})
