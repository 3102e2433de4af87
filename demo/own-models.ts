/** The user's own models: web-llm's `model_list` as JSON, or its URL. */
import type { EngineOptions } from '../src/engines/webllm/worker.ts'

const KEY = 'sluice.models'
const MEMORY_KEY = 'sluice.memory'

export function readModelsFile(): EngineOptions {
  const memory = Number(localStorage.getItem(MEMORY_KEY))
  const options: EngineOptions = memory > 0 ? { maxMemory: memory } : {}
  const text = ownModelsText()
  if (text === '') return options
  try {
    return { ...options, models: JSON.parse(text), modelsUrl: document.baseURI }
  } catch {
    // A URL, which the engine reads. It rejects anything else as no list of models.
    return { ...options, models: text, modelsUrl: document.baseURI }
  }
}

export function ownModelsText(): string {
  return localStorage.getItem(KEY) ?? ''
}

export function maxMemory(): string {
  return localStorage.getItem(MEMORY_KEY) ?? ''
}

/** Takes effect when the engine starts, so the page has to be reloaded. */
export function saveEngineOptions(models: string, memory: string): void {
  localStorage.setItem(KEY, models.trim())
  localStorage.setItem(MEMORY_KEY, memory.trim())
}
