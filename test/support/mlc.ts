// The real `MLCEngine` of web-llm over a stand-in for its pipeline: no weights and no GPU, and all
// that the engine itself does around them (locks, chunks, usage, stops, checks) is real.

import { MLCEngine } from '@mlc-ai/web-llm'
import type { Mlc, ModelRecord } from '../../src/engines/webllm.ts'

/** How the stand-in behaves. */
export interface Script {
  /** One token each. */
  tokens: string[]
  /** Makes each token instead. */
  token?: (index: number) => string
  /** Milliseconds to load a model, in ten steps of progress. */
  loadDelay: number
  /** Milliseconds before the first token, and before each later one. */
  prefillDelay: number
  tokenDelay: number
  /** Goes on for ever. */
  isEndless: boolean
  /** Characters of a prompt beyond which the context is exceeded. */
  context: number
  /** Thrown by the next load, the next prefill, or the decoding of the token with this index. */
  failLoad?: Error | undefined
  failPrefill?: Error | undefined
  failToken?: { at: number; error: Error } | undefined
}

/** What happened in the stand-in. */
export interface Seen {
  loads: string[]
  unloads: number
  /** Prompts, as they reached the pipeline. */
  prompts: unknown[]
  decoded: number
  /** When the last token was decoded, by `performance.now()`. */
  lastTokenAt: number
  stops: number
}

export interface StandIn {
  mlc: Mlc
  script: Script
  seen: Seen
}

export const record: ModelRecord = {
  model: 'https://models.example/stand-in',
  model_id: 'stand-in-1B-q4f16_1-MLC',
  model_lib: 'https://models.example/stand-in.wasm',
  vram_required_MB: 900.5,
  overrides: { context_window_size: 4096 },
}

export const other: ModelRecord = { ...record, model_id: 'other-1B-q4f16_1-MLC' }

/** One that gives vectors, which may be cut to two numbers. */
export const embedder: ModelRecord = {
  ...record,
  model_id: 'embed-MLC',
  model_type: 1,
  embedding_dimensions: [2],
}

/** One that web-llm lets call functions. */
export const caller: ModelRecord = { ...record, model_id: 'Hermes-3-Llama-3.1-8B-q4f16_1-MLC' }

/** An error of web-llm, which exports none of its classes. */
export function mlcError(name: string, message: string): Error {
  return Object.assign(new Error(message), { name })
}

export function createStandIn(script: Partial<Script> = {}): StandIn {
  const full: Script = {
    tokens: ['Water', ' finds', ' its', ' way', '.'],
    loadDelay: 0,
    prefillDelay: 0,
    tokenDelay: 0,
    isEndless: false,
    context: 1_000,
    ...script,
  }
  const seen: Seen = {
    loads: [],
    unloads: 0,
    prompts: [],
    decoded: 0,
    lastTokenAt: 0,
    stops: 0,
  }
  return { mlc: assemble(full, seen), script: full, seen }
}

/** The engine's insides, as far as the stand-in touches them. */
interface Insides {
  loadedModelIdToPipeline: Map<string, unknown>
  loadedModelIdToChatConfig: Map<string, unknown>
  loadedModelIdToModelType: Map<string, number>
  loadedModelIdToLock: Map<string, unknown>
  initProgressCallback?: (report: object) => void
  reloadController: AbortController | undefined
  reload(model: string): Promise<void>
  unload(): Promise<void>
  getLLMStates(requestName: string, model: string): unknown[]
  getEmbeddingStates(requestName: string, model: string): unknown[]
}

function assemble(script: Script, seen: Seen): Mlc {
  const mlc = new MLCEngine({ logLevel: 'SILENT' })
  const inside = mlc as unknown as Insides
  const unload = inside.unload.bind(mlc)
  inside.unload = async () => {
    seen.unloads++
    await unload()
  }
  inside.reload = async (model) => {
    await unload()
    seen.loads.push(model)
    inside.reloadController = new AbortController()
    const { signal } = inside.reloadController
    for (let step = 1; step <= 10; step++) {
      if (script.loadDelay > 0) await sleep(script.loadDelay / 10)
      // As the real one does where `unload` broke it off: it only returns.
      if (signal.aborted) return
      const text = `Loading model from cache[${step}/10]`
      inside.initProgressCallback?.({ progress: step / 10, timeElapsed: 0, text })
    }
    const error = script.failLoad
    script.failLoad = undefined
    if (error) throw error
    const isEmbedder = model === embedder.model_id
    const pipeline = isEmbedder ? new EmbeddingPipeline(script) : new Pipeline(script, seen)
    inside.loadedModelIdToPipeline.set(model, pipeline)
    inside.loadedModelIdToChatConfig.set(model, chatConfig)
    inside.loadedModelIdToModelType.set(model, 0)
    inside.loadedModelIdToLock.set(model, new Lock())
  }
  const getLLMStates = inside.getLLMStates.bind(mlc)
  inside.getLLMStates = (requestName, model) => {
    const pipeline = inside.loadedModelIdToPipeline.get(model)
    // It only knows its own class of pipelines; what is not loaded it may say itself.
    if (pipeline === undefined) return getLLMStates(requestName, model)
    return [model, pipeline, inside.loadedModelIdToChatConfig.get(model)]
  }
  const getEmbeddingStates = inside.getEmbeddingStates.bind(mlc)
  inside.getEmbeddingStates = (requestName, model) => {
    const pipeline = inside.loadedModelIdToPipeline.get(model)
    return pipeline === undefined ? getEmbeddingStates(requestName, model) : [model, pipeline]
  }
  return mlc as unknown as Mlc
}

/** Gives the vector 3, 4, 12 for whatever it reads. */
class EmbeddingPipeline {
  readonly #script: Script
  #count = 0

  constructor(script: Script) {
    this.#script = script
  }

  async embedStep(input: string | unknown[]) {
    if (this.#script.prefillDelay > 0) await sleep(this.#script.prefillDelay)
    const inputs = typeof input === 'string' || typeof input[0] === 'number' ? [input] : input
    this.#count = inputs.length
    return inputs.map(() => [3, 4, 12])
  }

  getCurRoundEmbedTotalTokens() {
    return this.#count
  }

  getCurRoundEmbedTokensPerSec() {
    return 1
  }

  dispose() {}

  async sync() {}
}

const chatConfig = {
  conv_template: {
    system_template: '{system_message}',
    system_message: '',
    roles: { user: 'user', assistant: 'assistant', tool: 'tool' },
    seps: ['\n'],
    stop_str: [],
    stop_token_ids: [],
  },
}

interface Conversation {
  messages: unknown[]
  override_system_message?: string
  [field: string]: unknown
}

/** What the engine asks of a pipeline. */
class Pipeline {
  readonly #script: Script
  readonly #seen: Seen
  #conversation: Conversation = { messages: [], function_string: '', use_function_calling: false }
  #text = ''
  #count = 0
  #limit = Number.POSITIVE_INFINITY
  #prompt = 0
  #reason: string | undefined
  #isDisposed = false

  constructor(script: Script, seen: Seen) {
    this.#script = script
    this.#seen = seen
  }

  getConversationObject() {
    return this.#conversation
  }

  setConversation(conversation: Conversation) {
    this.#conversation = conversation
  }

  resetChat() {
    this.#text = ''
  }

  async prefillStep(input: unknown, role: string, _name: unknown, config: { max_tokens?: number }) {
    const { override_system_message: system, messages } = this.#conversation
    this.#seen.prompts.push({ system, messages: messages.length, role, input })
    this.#text = ''
    this.#count = 0
    this.#reason = undefined
    this.#limit = config.max_tokens ?? Number.POSITIVE_INFINITY
    const size = JSON.stringify([system, messages, input]).length
    if (size > this.#script.context) {
      throw mlcError(
        'ContextWindowSizeExceededError',
        `Prompt tokens exceed context window size: number of prompt tokens: ${size}; context window size: ${this.#script.context}\nConsider shortening the prompt.`,
      )
    }
    this.#prompt = size
    if (this.#script.prefillDelay > 0) await sleep(this.#script.prefillDelay)
    const error = this.#script.failPrefill
    this.#script.failPrefill = undefined
    if (error) throw error
    this.#add()
  }

  async decodeStep() {
    if (this.#script.tokenDelay > 0) await sleep(this.#script.tokenDelay)
    if (this.#isDisposed) throw new Error('Object has already been disposed')
    const { failToken } = this.#script
    if (failToken?.at === this.#count) {
      this.#script.failToken = undefined
      throw failToken.error
    }
    this.#add()
  }

  #add() {
    const { tokens, token, isEndless } = this.#script
    this.#text += token?.(this.#count) ?? tokens[this.#count % tokens.length] ?? ''
    this.#count++
    this.#seen.decoded++
    this.#seen.lastTokenAt = performance.now()
    if (this.#count >= this.#limit) this.#reason = 'length'
    else if (!isEndless && this.#count >= tokens.length) this.#reason = 'stop'
  }

  stopped() {
    return this.#reason !== undefined
  }

  triggerStop() {
    this.#seen.stops++
    this.#reason = 'abort'
  }

  getMessage() {
    return this.#text
  }

  getFinishReason() {
    return this.#reason
  }

  getTokenLogprobArray() {
    return [{ token: 'x', logprob: -0.1, bytes: null, top_logprobs: [] }]
  }

  getCurRoundCompletionTotalTokens() {
    return this.#count
  }

  getCurRoundDecodingTotalTokens() {
    return Math.max(0, this.#count - 1)
  }

  getCurRoundPrefillTotalTokens() {
    return this.#prompt
  }

  getCurRoundPrefillTotalTime() {
    return 0.01
  }

  getCurRoundDecodingTotalTime() {
    return 0.1
  }

  getCurRoundPrefillTokensPerSec() {
    return 100
  }

  getCurRoundDecodingTokensPerSec() {
    return 50
  }

  getCurRoundGrammarInitTotalTime() {
    return 0
  }

  getCurRoundGrammarPerTokenTotalTime() {
    return 0
  }

  setSeed() {}

  dispose() {
    this.#isDisposed = true
  }

  async sync() {}
}

/** Like web-llm's own, which it does not export. */
class Lock {
  #isTaken = false
  readonly #line: (() => void)[] = []

  async acquire(): Promise<void> {
    if (this.#isTaken) await new Promise<void>((resolve) => this.#line.push(resolve))
    this.#isTaken = true
  }

  async release(): Promise<void> {
    this.#isTaken = false
    this.#line.shift()?.()
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
