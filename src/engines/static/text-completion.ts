/** Text completions of the static engine: every prompt is continued by the same text. */
import { enforceTextContract, type TextStream } from '../../stream/text-stream.ts'
import {
  promptsOf,
  requireText,
  type TextChoice,
  type TextChunk,
  type TextRequest,
} from '../../wire/completions/request.ts'
import { STATIC_MODEL, type StaticSettings, unsupported } from './model.ts'
import { paced, splitWords, usageOf, wordsOf } from './words.ts'

/** Throws an `ApiError` (400) for options that a fixed text can't honour. */
export function completeStatic(
  asked: TextRequest,
  settings: StaticSettings,
  signal: AbortSignal,
): TextStream {
  const request = requireText(asked)
  refuseUnsupported(request)
  return enforceTextContract(generate(request, settings, signal), request, STATIC_MODEL)
}

function refuseUnsupported({ suffix, logprobs, echo, prompt }: TextRequest): void {
  if (suffix) throw unsupported('suffix', 'text that leads up to a suffix')
  if (logprobs !== undefined && logprobs !== null)
    throw unsupported('logprobs', 'log probabilities')
  const isTokens = [prompt].flat().some((each) => typeof each !== 'string' && each !== null)
  if (echo && isTokens) throw unsupported('echo', 'the text of a prompt of token ids')
}

/** Generates all choices in step: the echoed prompts, the words, the finish reasons, the usage. */
async function* generate(
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
