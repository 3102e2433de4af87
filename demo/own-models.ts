/** The user's own models: web-llm's `model_list` as JSON, or its URL. */
import type { EngineOptions } from '../src/engines/webllm/worker.ts'

const KEY = 'sluice.models'
const MEMORY_KEY = 'sluice.memory'
const CONTEXT_KEY = 'sluice.contexts'

export function readModelsFile(): EngineOptions {
  const memory = Number(localStorage.getItem(MEMORY_KEY))
  const options: EngineOptions = {
    ...(memory > 0 && { maxMemory: memory }),
    ...memoryForContexts(navigator),
    context: ownContexts(),
  }
  const text = ownModelsText()
  if (text === '') return options
  try {
    return { ...options, models: JSON.parse(text), modelsUrl: document.baseURI }
  } catch {
    // A URL, which the engine reads. It rejects anything else as no list of models.
    return { ...options, models: text, modelsUrl: document.baseURI }
  }
}

/** The parts of `navigator` that tell what device this is. Only some browsers know the memory, in gigabytes. */
interface DeviceFacts {
  userAgent: string
  maxTouchPoints: number
  deviceMemory?: number
}

/**
 * The memory in MB that a model may take for a longer context: half of the device's, since the system and the
 * browser need the rest. On a phone, nothing beyond what web-llm states: the system ends a tab that takes more.
 */
export function memoryForContexts(device: DeviceFacts): Pick<EngineOptions, 'memory'> {
  if (isPhone(device)) return { memory: 0 }
  const { deviceMemory } = device
  return deviceMemory === undefined ? {} : { memory: deviceMemory * 500 }
}

/** An iPad says that it is a Mac, which has no touch screen. */
function isPhone({ userAgent, maxTouchPoints }: DeviceFacts): boolean {
  if (/Android|iPhone|iPad|iPod/.test(userAgent)) return true
  return userAgent.includes('Macintosh') && maxTouchPoints > 1
}

/** The lengths of context that the user has chosen, by model. */
export function ownContexts(): Record<string, number> {
  try {
    const saved: unknown = JSON.parse(localStorage.getItem(CONTEXT_KEY) ?? '{}')
    if (typeof saved !== 'object' || saved === null) return {}
    const lengths = Object.entries(saved).filter(
      ([, tokens]) => Number.isInteger(tokens) && tokens > 0,
    )
    return Object.fromEntries(lengths)
  } catch {
    return {}
  }
}

/** Without `tokens`, the length is chosen by the memory again. Takes effect when the engine starts. */
export function saveContext(model: string, tokens: number | undefined): void {
  const { [model]: _, ...others } = ownContexts()
  const lengths = tokens === undefined ? others : { ...others, [model]: tokens }
  localStorage.setItem(CONTEXT_KEY, JSON.stringify(lengths))
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
