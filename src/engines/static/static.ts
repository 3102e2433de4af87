import { enforceChatContract } from '../../stream/chat-stream.ts'
import { isObject } from '../../util/object.ts'
import {
  type ChatChunk,
  type ChatMessage,
  type ChatRequest,
  type ChunkDelta,
  type FinishReason,
  requireChat,
} from '../../wire/chat/request.ts'
import type { Engine } from '../engine.ts'
import { STATIC_MODEL, type StaticSettings, unable } from './model.ts'
import { completeStatic } from './text-completion.ts'
import { paced, splitWords, usageOf, type Words, wordsOf } from './words.ts'

export { STATIC_MODEL } from './model.ts'

/**
 * Answers every request with one fixed text, word by word. No model runs: its tokens are words, and
 * its usage counts the words it read and sent.
 */
export function createStatic(settings: StaticSettings): Engine {
  return {
    label: STATIC_MODEL,
    async models() {
      return [{ id: STATIC_MODEL, object: 'model', created: 0, owned_by: 'sluice' }]
    },
    async chat(asked, signal) {
      const request = requireChat(asked)
      refuseUnable(request)
      const usage = request.stream ? Boolean(request.stream_options?.include_usage) : true
      return enforceChatContract(
        speak(plan(request, settings.staticText), settings.staticDelay, signal),
        {
          label: STATIC_MODEL,
          usage,
        },
      )
    },
    // Its tokens are words.
    countTokens: async ({ chat }) => countWords(chat().messages),
    async complete(request, signal) {
      return completeStatic(request, settings, signal)
    },
  }
}

/** What a fixed text can't honour is refused rather than ignored. */
function refuseUnable(request: ChatRequest): void {
  const format = (request.response_format as { type?: string } | null | undefined)?.type
  if (format !== undefined && format !== 'text') {
    throw unable('response_format', `${JSON.stringify(format)} output`)
  }
  if (request.logprobs) throw unable('logprobs', 'log probabilities')
  const choice = request.tool_choice
  if (choice !== undefined && choice !== null && choice !== 'none' && choice !== 'auto') {
    throw unable('tool_choice', 'a tool call')
  }
  if (isObject(request.function_call)) throw unable('function_call', 'a function call')
  if (request.audio) throw unable('audio', 'speech')
  const modalities = request.modalities as string[] | null | undefined
  if (modalities?.some((modality) => modality !== 'text')) {
    throw unable('modalities', 'anything but text')
  }
}

interface Plan extends Words {
  choices: number
  promptTokens: number
}

function plan(request: ChatRequest, text: string): Plan {
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

/** The first word at once, each later one `delay` ms after the one before; all choices in step. */
async function* speak(
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
  /** Each delta once a choice; written out, as a token costs little but this. */
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
