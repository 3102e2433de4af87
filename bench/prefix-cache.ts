/** A scripted model server that keeps prompts in a cache as llama-server does. */

/** What a server can do. Times are milliseconds of this model's time, which `scale` divides. */
export interface ServerOptions {
  label: string
  /** Requests at a time, each with a cache of its own. */
  slots: number
  /** How many more prompts it keeps in memory, as llama-server does within `--cache-ram`. */
  kept?: number | undefined
  /** Tokens of a prompt that are processed in a second, and tokens that are generated. */
  promptRate: number
  answerRate: number
  /** How much faster than reality it runs. */
  scale: number
}

interface CacheSlot {
  /** The tokens of its last prompt and answer. */
  tokens: string[]
  usedAt: number
  isBusy: boolean
}

interface Message {
  role: string
  content: string
}

/** llama-server takes the slot with the most similar prompt, from this share on; else the oldest one. */
const SIMILARITY = 0.1

/** Tokens of an answer. */
const ANSWER_TOKENS = 100

/**
 * Counts what it found in its caches, as `usage.prompt_tokens_details.cached_tokens`, and as llama-server's
 * `timings` tell it too. Requests beyond its slots wait in the order of their arrival.
 */
export class PrefixCacheServer {
  isDown = false
  prompts = 0
  cached = 0
  readonly #options: ServerOptions
  readonly #slots: CacheSlot[]
  readonly #waiting: (() => void)[] = []
  /** Prompts that others took the slots of, the oldest first. */
  #kept: string[][] = []
  #count = 0

  constructor(options: ServerOptions) {
    this.#options = options
    this.#slots = Array.from({ length: options.slots }, () => newSlot())
  }

  /** After a restart its caches are empty. */
  restart(): void {
    this.isDown = false
    for (const slot of this.#slots) slot.tokens = []
    this.#kept = []
  }

  readonly fetch = async (path: string, body: string): Promise<Response> => {
    if (this.isDown) throw new TypeError(`${this.#options.label} refuses connections`)
    if (path.endsWith('/models')) {
      return Response.json({ data: [{ id: 'm', object: 'model', created: 1, owned_by: 'bench' }] })
    }
    const { messages } = JSON.parse(body) as { messages: Message[] }
    const tokens = messages.flatMap(({ role, content }) => [role, ...content.split(' ')])
    return Response.json(await this.#answer(tokens))
  }

  async #answer(tokens: string[]): Promise<object> {
    const slot = await this.#takeSlot(tokens)
    try {
      this.#restore(slot, tokens)
      const cached = Math.min(commonPrefix(slot.tokens, tokens), tokens.length - 1)
      this.prompts += tokens.length
      this.cached += cached
      const { promptRate, answerRate, scale } = this.#options
      const seconds = (tokens.length - cached) / promptRate + ANSWER_TOKENS / answerRate
      await sleep((seconds * 1_000) / scale)
      const words = Array.from({ length: ANSWER_TOKENS }, (_, at) => `w${this.#count}.${at}`)
      this.#count++
      slot.tokens = [...tokens, 'assistant', ...words]
      return completion(words.join(' '), tokens.length, cached)
    } finally {
      slot.isBusy = false
      slot.usedAt = performance.now()
      this.#waiting.shift()?.()
    }
  }

  /** Exchanges the slot's prompt for one in memory that is more like the new one. */
  #restore(slot: CacheSlot, tokens: string[]): void {
    const { kept = 0 } = this.#options
    const best = longest(this.#kept, tokens)
    const isBetter = commonPrefix(best, tokens) > commonPrefix(slot.tokens, tokens)
    if (commonPrefix(slot.tokens, tokens) < slot.tokens.length / 2) this.#kept.push(slot.tokens)
    if (isBetter) {
      slot.tokens = best
      this.#kept = this.#kept.filter((each) => each !== best)
    }
    while (this.#kept.length > kept) this.#kept.shift()
  }

  async #takeSlot(tokens: string[]): Promise<CacheSlot> {
    for (;;) {
      const free = this.#slots.filter(({ isBusy }) => !isBusy)
      const [first, ...others] = free
      if (first !== undefined) {
        const slot = bestSlot(first, others, tokens)
        slot.isBusy = true
        return slot
      }
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    }
  }
}

function newSlot(): CacheSlot {
  return { tokens: [], usedAt: 0, isBusy: false }
}

function bestSlot(first: CacheSlot, others: CacheSlot[], tokens: string[]): CacheSlot {
  const shareOf = (slot: CacheSlot) => commonPrefix(slot.tokens, tokens) / tokens.length
  let oldest = first
  let similar = first
  for (const slot of others) {
    if (slot.usedAt < oldest.usedAt) oldest = slot
    if (shareOf(slot) > shareOf(similar)) similar = slot
  }
  return shareOf(similar) > SIMILARITY ? similar : oldest
}

function longest(prompts: readonly string[][], tokens: string[]): string[] {
  let best: string[] = []
  for (const prompt of prompts) {
    if (commonPrefix(prompt, tokens) > commonPrefix(best, tokens)) best = prompt
  }
  return best
}

function commonPrefix(one: readonly string[], other: readonly string[]): number {
  let length = 0
  while (length < one.length && one[length] === other[length]) length++
  return length
}

function completion(content: string, prompt: number, cached: number): object {
  return {
    id: 'chatcmpl-bench',
    object: 'chat.completion',
    created: 1_790_000_000,
    model: 'm',
    choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
    usage: {
      prompt_tokens: prompt,
      completion_tokens: ANSWER_TOKENS,
      total_tokens: prompt + ANSWER_TOKENS,
      prompt_tokens_details: { cached_tokens: cached },
    },
    timings: { cache_n: cached, prompt_n: prompt - cached, predicted_n: ANSWER_TOKENS },
  }
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
