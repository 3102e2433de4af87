/** Translates a chat completion to a message. */
import { quoted } from '../../util/safe/quoted.ts'
import type { ChatCompletion, FinishReason, ToolCall } from '../../wire/chat/request.ts'
import { parseExactText } from '../../wire/json/exact-integers.ts'
import {
  type Message,
  NOT_STOPPED,
  type Stop,
  type StopReason,
  toMessageUsage,
} from '../../wire/messages/answer.ts'
import { incompleteAnswer } from '../partial-tool-call.ts'

/** The parts of a request that its answer depends on. */
export interface AnswerContext {
  /** The message's id. */
  id: string
  /** The requested model, used if the engine names none. */
  model: string
  /** The stop sequences of the request. */
  stopSequences: readonly string[]
  /** Creates the id of a call that the engine sent without one. */
  newCallId: () => string
}

const STOP_REASONS: Record<FinishReason, StopReason> = {
  stop: 'end_turn',
  length: 'max_tokens',
  tool_calls: 'tool_use',
  function_call: 'tool_use',
  content_filter: 'refusal',
}

const REFUSAL_DETAILS = { type: 'refusal', category: null, explanation: null } as const

/** What decides on the stop reason, besides the finish reason. */
export interface EndState {
  hasCalls: boolean
  hasRefused: boolean
  /** The matched stop sequence, if the engine sends it: vLLM's `stop_reason`, SGLang's `matched_stop`. */
  matchedStops: unknown[]
}

/**
 * The stop fields of a message. A message with calls ends with `tool_use` even if the finish reason is
 * `stop`, which some servers send, because clients run tools only for `tool_use`.
 */
export function stopFields(reason: FinishReason, ended: EndState, stops: readonly string[]): Stop {
  if (ended.hasRefused)
    return { ...NOT_STOPPED, stop_reason: 'refusal', stop_details: REFUSAL_DETAILS }
  const stop_reason = STOP_REASONS[reason]
  if (stop_reason === 'refusal')
    return { ...NOT_STOPPED, stop_reason, stop_details: REFUSAL_DETAILS }
  if (stop_reason !== 'end_turn') return { ...NOT_STOPPED, stop_reason }
  if (ended.hasCalls) return { ...NOT_STOPPED, stop_reason: 'tool_use' }
  const matched = ended.matchedStops.find((text) => stops.some((stop) => stop === text))
  if (matched === undefined) return { ...NOT_STOPPED, stop_reason }
  return { ...NOT_STOPPED, stop_reason: 'stop_sequence', stop_sequence: matched as string }
}

/** A completion as a message. Throws an `ApiError` (502) if a call's arguments are not JSON. */
export function toMessage(completion: ChatCompletion, asked: AnswerContext): Message {
  const [choice] = completion.choices
  if (choice === undefined) throw new TypeError('a completion without choices')
  const { message, finish_reason: reason } = choice
  const thought = message.reasoning_content ?? message.reasoning
  const calls = message.tool_calls ?? []
  const content: object[] = []
  if (thought) content.push({ type: 'thinking', thinking: thought, signature: '' })
  if (message.content) content.push(textBlock(message.content))
  if (message.refusal) content.push(textBlock(message.refusal))
  content.push(...calls.flatMap((call) => callBlock(call, reason, asked)))
  const ended = {
    hasCalls: calls.length > 0,
    hasRefused: Boolean(message.refusal),
    matchedStops: [choice.stop_reason, choice.matched_stop],
  }
  return {
    ...emptyMessage(asked, completion.model),
    content,
    ...stopFields(reason, ended, asked.stopSequences),
    usage: usageOf(completion.usage),
  }
}

/** The message before any content. */
export function emptyMessage({ id, model }: AnswerContext, named: string | undefined): Message {
  return {
    id,
    type: 'message',
    role: 'assistant',
    model: named || model,
    content: [],
    ...NOT_STOPPED,
    container: null,
    usage: usageOf(undefined),
  }
}

/** `input_tokens` of a message is a number: 0 if it is unknown. */
function usageOf(usage: ChatCompletion['usage']): Message['usage'] {
  const counts = toMessageUsage(usage)
  return { ...counts, input_tokens: counts.input_tokens ?? 0 }
}

function textBlock(text: string): object {
  return { type: 'text', text, citations: null }
}

function callBlock(call: ToolCall, reason: FinishReason, { newCallId }: AnswerContext): object[] {
  const { name = '', arguments: text = '' } = call.function ?? {}
  if (name === '') throw incompleteAnswer('called a tool without naming it')
  try {
    const input: unknown = text.trim() === '' ? {} : parseExactText(text)
    return [{ type: 'tool_use', id: call.id || newCallId(), name, input }]
  } catch (cause) {
    // A call that the token limit cut off is dropped: the stop reason is max_tokens.
    if (reason === 'length') return []
    throw incompleteAnswer(`called ${quoted(name)} with arguments that are not JSON`, cause)
  }
}
