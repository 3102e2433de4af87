import { ERRORS_OF, type ErrorKind, errorScript } from './personas/errors.ts'
import { azure, openai } from './personas/hosted.ts'
import { llamaServer, lmStudio, ollama, webllm } from './personas/local.ts'
import type { Dialect, Turn } from './personas/turn.ts'
import { sglang, vllm } from './personas/vllm-sglang.ts'
import { frame, type Script, type Scripted, type Step } from './script.ts'

export const PERSONA_NAMES = [
  'openai',
  'azure',
  'ollama',
  'vllm',
  'llamaServer',
  'lmStudio',
  'sglang',
  'webllm',
] as const

export type PersonaName = (typeof PERSONA_NAMES)[number]

/** One entry of `GET /v1/models`. */
export interface Model {
  id: string
  object: 'model'
  created: number
  owned_by: string
  [field: string]: unknown
}

/** What the scripted upstream reads of a chat request. */
export interface ChatBody {
  model?: string
  stream?: boolean
  stream_options?: { include_usage?: boolean; continuous_usage_stats?: boolean } | null
  script?: Scripted
  [field: string]: unknown
}

/** A tool call that a persona makes, its arguments in the pieces it streams them in. */
export interface ToolCallPlan {
  name: string
  arguments: string[]
}

/** An answer in the manner of a server; plain JSON, so that a request's `script` can hold it. */
export interface PersonaScript {
  persona: PersonaName
  /** One token each; every word but the first gets a leading space. */
  words?: string[]
  /** Tokens of reasoning before the words, joined in the same way. */
  reasoning?: string[]
  /** Made after the words. `finish` is then `tool_calls` unless it is given. */
  toolCalls?: ToolCallPlan[]
  /** Milliseconds before each token. */
  delay?: number
  /** The last `finish_reason`: `stop`, or whatever a server may say: `length`, `abort`. */
  finish?: string
  /** Sends usage as asked (the default), always or never. */
  usage?: 'asked' | 'always' | 'never'
  /** Answers 400 where the request has one of these fields: an old server's way. */
  refuses?: string[]
  /** Answers this error, in the persona's shape. */
  error?: ErrorKind
}

const WORDS = ['The', 'quick', 'brown', 'fox', 'jumps', 'over', 'the', 'lazy', 'dog.']
const STARTED = 1_790_000_000

function model(id: string, ownedBy: string, more: Record<string, unknown> = {}): Model {
  return { id, object: 'model', created: STARTED, owned_by: ownedBy, ...more }
}

/** What each persona lists. */
export const MODELS: Record<PersonaName, Model[]> = {
  openai: [model('gpt-4.1-mini', 'system'), model('gpt-4.1', 'system')],
  azure: [model('gpt-4o-2024-11-20', 'azure')],
  ollama: [model('llama3.2:latest', 'library'), model('qwen3:8b', 'library')],
  vllm: [
    model('Qwen/Qwen3-8B', 'vllm', {
      root: 'Qwen/Qwen3-8B',
      parent: null,
      max_model_len: 40_960,
      permission: [],
    }),
  ],
  llamaServer: [model('gemma-3-4b-it-Q4_K_M.gguf', 'llamacpp', { meta: { n_ctx_train: 131_072 } })],
  lmStudio: [
    model('google/gemma-3-4b', 'organization_owner'),
    model('text-embedding-nomic-embed-text-v1.5', 'organization_owner'),
  ],
  sglang: [model('deepseek-ai/DeepSeek-R1', 'sglang', { root: 'deepseek-ai/DeepSeek-R1' })],
  webllm: [model('Llama-3.2-1B-Instruct-q4f32_1-MLC', 'mlc-ai')],
}

const DIALECTS: Record<PersonaName, Dialect> = {
  openai,
  azure,
  ollama,
  vllm,
  llamaServer,
  lmStudio,
  sglang,
  webllm,
}

/** The persona that serves a model of this name. */
export function personaOf(name: string | undefined): PersonaName | undefined {
  return PERSONA_NAMES.find((persona) => MODELS[persona].some((entry) => entry.id === name))
}

/** A list of words as the text that they stream. */
export function textOf(words: string[]): string {
  return words.join(' ')
}

/** The answer that a persona gives to a request: a stream, one JSON completion or an error. */
export function personaScript(plan: PersonaScript, request: ChatBody): Script {
  if (plan.error) return errorScript(ERRORS_OF[plan.persona][plan.error])
  const refused = plan.refuses?.some((field) => request[field] !== undefined)
  if (refused) return errorScript(ERRORS_OF[plan.persona].bad_request)
  const dialect = DIALECTS[plan.persona]
  const turn = turnOf(plan, request)
  return request.stream ? streamScript(plan, dialect, turn) : wholeScript(dialect, turn)
}

let answers = 0

function turnOf(plan: PersonaScript, request: ChatBody): Turn {
  const spaced = (words: string[]) => words.map((word, at) => (at === 0 ? word : ` ${word}`))
  const tokens = spaced(plan.words ?? WORDS)
  const reasoning = spaced(plan.reasoning ?? [])
  const toolCalls = plan.toolCalls ?? []
  const pieces = toolCalls.reduce((sum, call) => sum + call.arguments.length, 0)
  const completionTokens = tokens.length + reasoning.length + pieces
  return {
    number: ++answers,
    created: Math.floor(Date.now() / 1000),
    model: request.model ?? MODELS[plan.persona][0]?.id ?? '',
    tokens,
    reasoning,
    toolCalls,
    finish: plan.finish ?? (toolCalls.length > 0 ? 'tool_calls' : 'stop'),
    usage: {
      prompt_tokens: 9,
      completion_tokens: completionTokens,
      total_tokens: 9 + completionTokens,
    },
    usageAsked: plan.usage === 'always' || request.stream_options?.include_usage === true,
    sendUsage: sendsUsage(plan, request),
    usageOnEveryChunk: request.stream_options?.continuous_usage_stats === true,
  }
}

function sendsUsage(plan: PersonaScript, request: ChatBody): boolean {
  if (plan.usage === 'never') return false
  return plan.usage === 'always' || request.stream_options?.include_usage === true
}

function streamScript(plan: PersonaScript, dialect: Dialect, turn: Turn): Script {
  const token = (chunk: object): Step[] => {
    const step = { send: frame(chunk) }
    return plan.delay ? [{ wait: plan.delay }, step] : [step]
  }
  const whole = (chunk: object): Step[] => [{ send: frame(chunk) }]
  const { opening, tokens, closing } = dialect.stream(turn)
  const steps = [...opening.flatMap(whole), ...tokens.flatMap(token), ...closing.flatMap(whole)]
  if (!dialect.endsWithoutDone) steps.push({ send: frame('[DONE]') })
  return { headers: dialect.headers, steps }
}

function wholeScript(dialect: Dialect, turn: Turn): Script {
  return {
    headers: { ...dialect.headers, 'content-type': 'application/json' },
    steps: [{ send: JSON.stringify(dialect.whole(turn)) }],
  }
}
