import { enforceChatContract } from '../../stream/chat-stream.ts'
import { isObject } from '../../util/object.ts'
import { requireChat } from '../../wire/chat/known-fields.ts'
import type {
  ChatChunk,
  ChatMessage,
  ChatRequest,
  ChunkDelta,
  FinishReason,
} from '../../wire/chat/request.ts'
import type { Engine } from '../engine.ts'
import { STATIC_MODEL, type StaticSettings, unsupported } from './model.ts'
import { completeStatic } from './text-completion.ts'
import { paced, splitWords, usageOf, type Words, wordsOf } from './words.ts'

/**
 * An engine that answers every request with one fixed text, word by word. No model runs: its tokens
 * are words, and its usage counts the words it received and sent.
 */
export function createStatic(settings: StaticSettings): Engine {
  return {
    label: STATIC_MODEL,
    async models() {
      const max_output_tokens = wordsOf(settings.staticText, {}).words.length
      const shared = { object: 'model', created: 0, owned_by: 'sluice' } as const
      return [{ id: STATIC_MODEL, ...shared, max_output_tokens }]
    },
    async chat(asked, signal) {
      const request = requireChat(asked)
      refuseUnsupported(request)
      const usage = request.stream ? Boolean(request.stream_options?.include_usage) : true
      return enforceChatContract(
        generate(planAnswer(request, settings.staticText), settings.staticDelay, signal),
        {
          label: STATIC_MODEL,
          usage,
        },
      )
    },
    // Tokens are words here.
    countTokens: async ({ chat }) => countWords(chat().messages),
    async complete(request, signal) {
      return completeStatic(request, settings, signal)
    },
  }
}

/** Refuses options that a fixed text can't honour, rather than ignoring them. */
function refuseUnsupported(request: ChatRequest): void {
  const format = (request.response_format as { type?: string } | null | undefined)?.type
  if (format !== undefined && format !== 'text') {
    throw unsupported('response_format', `${JSON.stringify(format)} output`)
  }
  if (request.logprobs) throw unsupported('logprobs', 'log probabilities')
  const choice = request.tool_choice
  if (choice !== undefined && choice !== null && choice !== 'none' && choice !== 'auto') {
    throw unsupported('tool_choice', 'a tool call')
  }
  if (isObject(request.function_call)) throw unsupported('function_call', 'a function call')
  if (request.audio) throw unsupported('audio', 'speech')
  const modalities = request.modalities as string[] | null | undefined
  if (modalities?.some((modality) => modality !== 'text')) {
    throw unsupported('modalities', 'anything but text')
  }
}

interface Plan extends Words {
  choices: number
  promptTokens: number
}

function planAnswer(request: ChatRequest, text: string): Plan {
  const { stop, max_tokens, max_completion_tokens } = request
  return {
    ...wordsOf(text, { stop, max: max_completion_tokens ?? max_tokens }),
    choices: request.n ?? 1,
    promptTokens: countWords(request.messages),
  }
}

function countWords(messages: ChatMessage[]): number {
  let count = 0
  for (const { content } of messages) {
    const parts = typeof content === 'string' ? [{ text: content }] : (content ?? [])
    for (const { text } of parts) if (typeof text === 'string') count += splitWords(text).length
  }
  return count
}

/**
 * Generates the first word at once, each later one after `delay` milliseconds; all choices in step.
 */
async function* generate(
  { words, reason, choices, promptTokens }: Plan,
  delay: number,
  signal: AbortSignal,
): AsyncGenerator<ChatChunk[], void, void> {
  const envelope = {
    id: `chatcmpl-${crypto.randomUUID()}`,
    object: 'chat.completion.chunk' as const,
    created: Math.floor(Date.now() / 1000),
    model: STATIC_MODEL,
  }
  const { id, object, created, model } = envelope
  /**
   * Each delta, once per choice. Loops instead of `flatMap`: creating chunks is most of a token's
   * cost.
   */
  const all = (deltas: ChunkDelta[], finish_reason: FinishReason | null = null): ChatChunk[] => {
    const chunks: ChatChunk[] = []
    for (const delta of deltas) {
      for (let index = 0; index < choices; index++) {
        const choice = { index, delta: index === 0 ? delta : { ...delta }, finish_reason }
        chunks.push({ id, object, created, model, choices: [choice] })
      }
    }
    return chunks
  }

  yield all([{ role: 'assistant', content: '' }])
  for await (const batch of paced(words, delay, signal)) {
    yield all(batch.map((content) => ({ content })))
  }
  yield all([{}], reason)
  yield [{ ...envelope, choices: [], usage: usageOf(promptTokens, words.length * choices) }]
}
