/** Text completions by web-llm, which completes one prompt per request. */
import type { FinishReason, Usage } from '../../wire/chat/request.ts'
import {
  promptsOf,
  requireText,
  type TextChunk,
  type TextRequest,
} from '../../wire/completions/request.ts'
import { badRequest } from '../../wire/errors/api-error.ts'
import { isGiven, pickFields, SAMPLING_FIELDS, tokenLimit, unsupported } from './chat-request.ts'
import type { Mlc, MlcTextRequest, ModelRecord } from './mlc-types.ts'

/**
 * One request for web-llm per prompt. Throws an `ApiError` (400) that names a field which web-llm
 * would ignore.
 */
export function toMlcTextRequests(asked: TextRequest, record: ModelRecord): MlcTextRequest[] {
  const request = requireText(asked)
  if ((request.n ?? 1) > 1)
    throw unsupported('n', 'more than one choice', 'Send one request per choice.')
  if ((request.best_of ?? 1) > 1) throw unsupported('best_of', 'the best of several answers')
  if (request.suffix) throw unsupported('suffix', 'text that leads up to a suffix')
  if (isGiven(request.logprobs)) {
    throw unsupported('logprobs', 'log probabilities in this API', 'Use POST /v1/chat/completions.')
  }
  const prompts = promptsOf(request)
  const isList = Array.isArray(request.prompt) && typeof prompts[0] === 'string'
  return prompts.map((prompt, at) => {
    const field = isList || prompts.length > 1 ? `prompt[${at}]` : 'prompt'
    if (typeof prompt !== 'string')
      throw unsupported(field, 'a completion of token ids', 'Send the text.')
    if (prompt === '')
      throw badRequest(`${field}: expected a string that is not empty, got "".`, field)
    return {
      prompt,
      model: record.model_id,
      stream: true,
      stream_options: { include_usage: true },
      ...pickFields(request, SAMPLING_FIELDS),
      ...tokenLimit(request.max_tokens),
    }
  })
}

/** The answers to all prompts, one after the other. `echo`: each begins with its prompt. */
export async function* textReader(
  mlc: Mlc,
  asked: MlcTextRequest[],
  echo: boolean,
): AsyncGenerator<TextChunk, void, void> {
  let envelope: Pick<TextChunk, 'id' | 'object' | 'created' | 'model'> | undefined
  let usage: Usage | undefined
  for (const [index, request] of asked.entries()) {
    let before = echo ? request.prompt : ''
    // A copy, since web-llm changes its request.
    for await (const chunk of await mlc.completion(structuredClone(request))) {
      const { id, created, model } = chunk
      envelope ??= { id: `cmpl-${id}`, object: 'text_completion', created, model }
      usage = addUsage(usage, chunk.usage)
      for (const choice of chunk.choices) {
        const finish_reason = choice.finish_reason as FinishReason | null
        const text = before + choice.text
        before = ''
        yield { ...envelope, choices: [{ index, text, logprobs: null, finish_reason }] }
      }
    }
  }
  if (envelope && usage) yield { ...envelope, choices: [], usage }
}

/** Adds up the usage of several answers; a single one keeps all of web-llm's fields. */
function addUsage(before: Usage | undefined, more: Usage | undefined): Usage | undefined {
  if (before === undefined || more === undefined) return more ?? before
  return {
    prompt_tokens: before.prompt_tokens + more.prompt_tokens,
    completion_tokens: before.completion_tokens + more.completion_tokens,
    total_tokens: before.total_tokens + more.total_tokens,
  }
}
