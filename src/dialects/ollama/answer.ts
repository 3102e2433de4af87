/** Translates the answers of a chat and of a text completion to those of Ollama's API. */
import { isObject } from '../../util/object.ts'
import { quoted } from '../../util/safe/quoted.ts'
import type { ChatCompletion, FinishReason, ToolCall, Usage } from '../../wire/chat/request.ts'
import type { TextChunk } from '../../wire/completions/request.ts'
import { parseExactText } from '../../wire/json/exact-integers.ts'
import type { AnsweredCall, OllamaAnswer, OllamaMetrics } from '../../wire/ollama/answer.ts'
import { incompleteAnswer } from '../partial-tool-call.ts'

/** What an answer depends on besides the engine. */
export interface OllamaAnswerContext {
  /** Whose fields the text is in: a message's, or `response`. */
  route: 'chat' | 'generate'
  /** The requested model, which the answer names; empty if the request names none. */
  model: string
  /** When the request came, by `performance.now()`. */
  startedAt: number
  /** Creates the id of a call that the engine sent without one. */
  newCallId: () => string
}

/** The content of a line, or of a whole answer. */
export interface AnswerPart {
  content?: string | null | undefined
  thinking?: string | null | undefined
  calls?: AnsweredCall[] | undefined
  logprobs?: unknown[] | null | undefined
}

/** What is known at the end of an answer. */
export interface AnswerEnd {
  reason: FinishReason
  usage?: Usage | null | undefined
  /** llama-server's measurements. */
  timings?: unknown
  /** When the first token came; the time of the request where the answer came at once. */
  firstAt?: number | undefined
}

/** An answer that goes on. `named`: the model that the engine named. */
export function openAnswer(
  asked: OllamaAnswerContext,
  named: string,
  part: AnswerPart,
): OllamaAnswer {
  const { content, thinking, calls, logprobs } = part
  const text = content ?? ''
  const own = {
    ...(thinking && { thinking }),
    ...(calls?.length && { tool_calls: calls }),
  }
  return {
    model: asked.model || named,
    created_at: new Date().toISOString(),
    ...(asked.route === 'chat'
      ? { message: { role: 'assistant', content: text, ...own } }
      : { response: text, ...own }),
    ...(logprobs?.length && { logprobs }),
    done: false,
  }
}

/** The last line of a stream, or a whole answer. */
export function endedAnswer(
  asked: OllamaAnswerContext,
  named: string,
  part: AnswerPart,
  ended: AnswerEnd,
): OllamaAnswer {
  return {
    ...openAnswer(asked, named, part),
    done: true,
    done_reason: doneReason(ended.reason),
    ...metrics(asked, ended),
  }
}

/** The answer to a request without a prompt, which only loads or unloads the model. */
export function loadAnswer(asked: OllamaAnswerContext, did: 'load' | 'unload'): OllamaAnswer {
  return { ...openAnswer(asked, '', {}), done: true, done_reason: did }
}

/** Ollama ends with `stop` where the model called a tool. */
function doneReason(reason: FinishReason): string {
  return reason === 'tool_calls' || reason === 'function_call' ? 'stop' : reason
}

/**
 * Counts are the engine's, and are left out where it told none. Durations are the engine's where it
 * measures them, as llama-server does; else those of the whole request and of the answer are measured here,
 * since clients divide by them.
 */
function metrics(
  asked: OllamaAnswerContext,
  { usage, timings, firstAt }: AnswerEnd,
): OllamaMetrics {
  const now = performance.now()
  const { prompt_ms: prompt, predicted_ms: predicted } = isObject(timings) ? timings : {}
  return {
    total_duration: nanoseconds(now - asked.startedAt),
    ...(usage && { prompt_eval_count: usage.prompt_tokens }),
    ...(isDuration(prompt) && { prompt_eval_duration: nanoseconds(prompt) }),
    ...(usage && { eval_count: usage.completion_tokens }),
    eval_duration: nanoseconds(
      isDuration(predicted) ? predicted : now - (firstAt ?? asked.startedAt),
    ),
  }
}

function isDuration(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0
}

function nanoseconds(ms: number): number {
  return Math.round(ms * 1e6)
}

/** A completion as an answer. Throws an `ApiError` (502) if a call's arguments are not an object. */
export function toAnswer(completion: ChatCompletion, asked: OllamaAnswerContext): OllamaAnswer {
  const [choice] = completion.choices
  if (choice === undefined) throw new TypeError('a completion without choices')
  const { message, finish_reason: reason, logprobs } = choice
  const part = {
    content: `${message.content ?? ''}${message.refusal ?? ''}`,
    thinking: message.reasoning_content ?? message.reasoning,
    calls: answeredCalls(message.tool_calls ?? [], reason, asked),
    logprobs: logprobs?.content,
  }
  const { usage, timings } = completion
  return endedAnswer(asked, completion.model, part, { reason, usage, timings })
}

/** The same for a text completion. */
export function toTextAnswer(completion: TextChunk, asked: OllamaAnswerContext): OllamaAnswer {
  const [choice] = completion.choices
  const { usage, timings } = completion
  const reason = choice?.finish_reason ?? 'stop'
  return endedAnswer(asked, completion.model, { content: choice?.text }, { reason, usage, timings })
}

/** Whole calls. Throws an `ApiError` (502) if the arguments of one are not an object. */
export function answeredCalls(
  calls: readonly Pick<ToolCall, 'id' | 'function'>[],
  reason: FinishReason,
  { newCallId }: OllamaAnswerContext,
): AnsweredCall[] {
  const answered: AnsweredCall[] = []
  for (const call of calls) {
    const { name = '', arguments: text = '' } = call.function ?? {}
    if (name === '') throw incompleteAnswer('called a tool without naming it')
    const given = argumentsOf(name, text, reason)
    if (given === undefined) continue
    const index = answered.length
    answered.push({ id: call.id || newCallId(), function: { index, name, arguments: given } })
  }
  return answered
}

/** Undefined for a call that the token limit cut off, which is dropped: the reason is `length`. */
function argumentsOf(name: string, text: string, reason: FinishReason): object | undefined {
  let cause: unknown
  try {
    const given: unknown = text.trim() === '' ? {} : parseExactText(text)
    if (isObject(given)) return given
  } catch (error) {
    cause = error
  }
  if (reason === 'length') return undefined
  throw incompleteAnswer(`called ${quoted(name)} with arguments that are not a JSON object`, cause)
}
