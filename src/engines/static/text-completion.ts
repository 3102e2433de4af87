/** Text completions by a fixed text: it goes on from any prompt with the same words. */
import { enforceTextContract, type TextStream } from '../../stream/text-stream.ts'
import {
  promptsOf,
  requireText,
  type TextChoice,
  type TextChunk,
  type TextRequest,
} from '../../wire/completions/request.ts'
import { STATIC_MODEL, type StaticSettings, unable } from './model.ts'
import { paced, splitWords, usageOf, wordsOf } from './words.ts'

/** Throws an `ApiError` (400) for what a fixed text can't honour. */
export function completeStatic(
  asked: TextRequest,
  settings: StaticSettings,
  signal: AbortSignal,
): TextStream {
  const request = requireText(asked)
  refuseUnable(request)
  return enforceTextContract(speak(request, settings, signal), request, STATIC_MODEL)
}

function refuseUnable({ suffix, logprobs, echo, prompt }: TextRequest): void {
  if (suffix) throw unable('suffix', 'a text that leads to another')
  if (logprobs !== undefined && logprobs !== null) throw unable('logprobs', 'log probabilities')
  const isTokens = [prompt].flat().some((each) => typeof each !== 'string' && each !== null)
  if (echo && isTokens) throw unable('echo', 'the text of tokens')
}

/** All choices in step: their prompts, if they are to be echoed, the words, the ends. */
async function* speak(
  request: TextRequest,
  { staticText, staticDelay }: StaticSettings,
  signal: AbortSignal,
): AsyncGenerator<TextChunk[], void, void> {
  const { echo, stop, max_tokens: max, n } = request
  const { words, reason } = wordsOf(staticText, { stop, max })
  const prompts = promptsOf(request)
  const each = n ?? 1
  const envelope = {
    id: `cmpl-${crypto.randomUUID()}`,
    object: 'text_completion' as const,
    created: Math.floor(Date.now() / 1000),
    model: STATIC_MODEL,
  }
  const all = (fields: (prompt: string | number[]) => Partial<TextChoice>): TextChunk[] =>
    prompts.flatMap((prompt, at) =>
      Array.from({ length: each }, (_, choice) => {
        const piece = { index: at * each + choice, text: '', logprobs: null, finish_reason: null }
        return { ...envelope, choices: [{ ...piece, ...fields(prompt) }] }
      }),
    )

  if (echo) yield all((prompt) => ({ text: String(prompt) }))
  for await (const batch of paced(words, staticDelay, signal)) {
    for (const text of batch) yield all(() => ({ text }))
  }
  yield all(() => ({ finish_reason: reason }))
  const read = prompts.reduce((sum, prompt) => sum + countTokens(prompt), 0)
  const usage = usageOf(read, words.length * prompts.length * each)
  yield [{ ...envelope, choices: [], usage }]
}

function countTokens(prompt: string | number[]): number {
  return typeof prompt === 'string' ? splitWords(prompt).length : prompt.length
}
