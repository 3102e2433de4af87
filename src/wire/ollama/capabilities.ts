/** What a model can do, in Ollama's words, from what its server lists of it. */
import { isObject } from '../../util/object.ts'
import type { ListedModel } from '../models/anthropic.ts'

/** In the order in which Ollama names them. */
export type Capability =
  | 'completion'
  | 'tools'
  | 'insert'
  | 'vision'
  | 'embedding'
  | 'thinking'
  | 'audio'

/** Servers' words for the same: Ollama, LM Studio, llama-server, Mistral, OpenRouter. */
const WORDS: Readonly<Record<Exclude<Capability, 'completion'>, readonly string[]>> = {
  tools: ['tools', 'tool_use', 'tool_calls', 'function_calling', 'trained_for_tool_use'],
  insert: ['insert', 'completion_fim', 'fim'],
  vision: ['vision', 'image', 'multimodal'],
  embedding: ['embedding', 'embeddings'],
  thinking: ['thinking', 'reasoning', 'include_reasoning'],
  audio: ['audio'],
}

/** Servers that name abilities in a list which never holds that of calling tools. */
const SILENT_ABOUT_TOOLS = new Set(['llamacpp'])

/** `nomic-embed-text`, `Qwen3-Embedding-8B`: most servers do not say what such a model is for. */
const EMBEDDING_NAME = /(^|[-_/.])embed(ding)?s?([-_.:]|$)/i

/**
 * The capabilities of a model. `takesTools`: whether its engine is a server that takes tools in a chat,
 * where nothing is said of the model: a chat with tools is sent there, and refused by the server if it
 * must be.
 */
export function capabilitiesOf(model: ListedModel, takesTools: boolean): Capability[] {
  const said = saidOf(model)
  const has = (capability: keyof typeof WORDS) => WORDS[capability].some((word) => said.has(word))
  const isChat = said.has('completion') || said.has('completion_chat') || has('tools')
  if (has('embedding') && !isChat) return ['embedding']
  if (said.size === 0 && EMBEDDING_NAME.test(model.id)) return ['embedding']
  const found: Capability[] = ['completion']
  if (has('tools') || (takesTools && !saysWhichTools(model))) found.push('tools')
  for (const each of ['insert', 'vision', 'thinking', 'audio'] as const) {
    if (has(each)) found.push(each)
  }
  return found
}

/** Every word that the entry says of the model's abilities, in lower case. */
function saidOf(model: ListedModel): ReadonlySet<string> {
  const { type, kind, capabilities, supported_parameters, architecture } = model
  const { input_modalities } = isObject(architecture) ? architecture : {}
  const words = [
    // LM Studio has `llm`, `vlm` and `embeddings`, web-llm's models `chat`, `vision` and `embedding`.
    ...(type === 'vlm' ? ['vision'] : [type]),
    ...[kind, ...trueNames(capabilities), ...trueNames(supported_parameters)],
    ...[...trueNames(model.input_modalities), ...trueNames(input_modalities)],
  ]
  const told = words.filter((word) => typeof word === 'string').map((word) => word.toLowerCase())
  return new Set(told.filter((word) => !NOTHING_SAID.has(word)))
}

/** Words that every model has. */
const NOTHING_SAID = new Set(['llm', 'chat', 'text', 'model'])

/** The names in a list, or those of an object that are true. */
function trueNames(value: unknown): unknown[] {
  if (Array.isArray(value)) return value
  if (!isObject(value)) return []
  return Object.keys(value).filter((name) => value[name] === true)
}

/** Whether the entry would name the ability to call tools if the model had it. */
function saysWhichTools(model: ListedModel): boolean {
  const { capabilities, supported_parameters, owned_by } = model
  if (Array.isArray(supported_parameters)) return true
  if (isObject(capabilities)) return WORDS.tools.some((word) => Object.hasOwn(capabilities, word))
  return Array.isArray(capabilities) && !SILENT_ABOUT_TOOLS.has(String(owned_by))
}
