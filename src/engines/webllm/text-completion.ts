/** Text completions by web-llm, which goes on from one prompt at a time. */
import type { FinishReason, Usage } from '../../wire/chat/request.ts'
import {
  promptsOf,
  requireText,
  type TextChunk,
  type TextRequest,
} from '../../wire/completions/request.ts'
import { badRequest } from '../../wire/errors/api-error.ts'
import { given, isGiven, limitOf, SAMPLING, unable } from './chat-request.ts'
import type { Mlc, MlcTextRequest, ModelRecord } from './mlc-types.ts'

/**
 * A request for web-llm a prompt. Throws an `ApiError` (400) that names the field where the model
 * could only ignore what was asked.
 */
export function toMlcTexts(asked: TextRequest, record: ModelRecord): MlcTextRequest[] {
  const request = requireText(asked)
  if ((request.n ?? 1) > 1) throw unable('n', 'more than one answer', 'Ask once for each.')
  if ((request.best_of ?? 1) > 1) throw unable('best_of', 'the best of several answers')
  if (request.suffix) throw unable('suffix', 'a text that leads to another')
  if (isGiven(request.logprobs)) {
    throw unable('logprobs', 'them in this form', 'POST /v1/chat/completions has them.')
  }
  const prompts = promptsOf(request)
  const isList = Array.isArray(request.prompt) && typeof prompts[0] === 'string'
  return prompts.map((prompt, at) => {
    const field = isList || prompts.length > 1 ? `prompt[${at}]` : 'prompt'
    if (typeof prompt !== 'string') throw unable(field, 'an answer to tokens', 'Send the text.')
    if (prompt === '') throw badRequest(`${field}: expected a text that is not empty.`, field)
    return {
      prompt,
      model: record.model_id,
      stream: true,
      stream_options: { include_usage: true },
      ...given(request, SAMPLING),
      ...limitOf(request.max_tokens),
    }
  })
}

/** The answers to all prompts as one stream, one after the other. `echo`: each begins with its prompt. */
export async function* textReader(
  mlc: Mlc,
  asked: MlcTextRequest[],
  echo: boolean,
): AsyncGenerator<TextChunk, void, void> {
  let envelope: Pick<TextChunk, 'id' | 'object' | 'created' | 'model'> | undefined
  let usage: Usage | undefined
  for (const [index, request] of asked.entries()) {
    let before = echo ? request.prompt : ''
    // A copy: it changes what it is given.
    for await (const chunk of await mlc.completion(structuredClone(request))) {
      const { id, created, model } = chunk
      envelope ??= { id: `cmpl-${id}`, object: 'text_completion', created, model }
      usage = sum(usage, chunk.usage)
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

/** Of a single answer, all that web-llm tells. */
function sum(before: Usage | undefined, more: Usage | undefined): Usage | undefined {
  if (before === undefined || more === undefined) return more ?? before
  return {
    prompt_tokens: before.prompt_tokens + more.prompt_tokens,
    completion_tokens: before.completion_tokens + more.completion_tokens,
    total_tokens: before.total_tokens + more.total_tokens,
  }
}
