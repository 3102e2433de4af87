// A stand-in for web-llm's pipelines: what its engine asks of one, without weights and without a GPU.

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
  /** The length of context that each was asked for, where it was not left to the model's record. */
  contexts: (number | undefined)[]
  unloads: number
  /** Prompts, as they reached the pipeline. */
  prompts: unknown[]
  decoded: number
  /** When the last token was decoded, by `performance.now()`. */
  lastTokenAt: number
  stops: number
}

/** An error of web-llm, which exports none of its classes. */
export function mlcError(name: string, message: string): Error {
  return Object.assign(new Error(message), { name })
}

/** Gives the vector 3, 4, 12 for whatever it reads. */
export class EmbeddingPipeline {
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

interface Conversation {
  messages: unknown[]
  override_system_message?: string
  [field: string]: unknown
}

/** What the engine asks of a pipeline. */
export class Pipeline {
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

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
