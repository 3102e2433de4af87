/** A chat's answer as a message. */
import type { ChatCompletion, FinishReason, ToolCall } from '../../wire/chat/request.ts'
import { parseExactText } from '../../wire/json/exact-integers.ts'
import {
  type Message,
  NOT_STOPPED,
  type Stop,
  type StopReason,
  toMessageUsage,
} from '../../wire/messages/answer.ts'
import { badCall } from '../partial-tool-call.ts'

/** What the answer to one request needs to know of it. */
export interface AskedMessage {
  /** The message's id. */
  id: string
  /** The model that was asked for, where the engine names none. */
  model: string
  /** Texts that end the message. */
  stops: readonly string[]
  /** Names a call that the engine did not name. */
  newCallId: () => string
}

const REASONS: Record<FinishReason, StopReason> = {
  stop: 'end_turn',
  length: 'max_tokens',
  tool_calls: 'tool_use',
  function_call: 'tool_use',
  content_filter: 'refusal',
}

const REFUSED = { type: 'refusal', category: null, explanation: null } as const

/** What else decides on how a message ended. */
export interface Ended {
  hasCalls: boolean
  hasRefused: boolean
  /** Where the engine says which text ended it: vLLM's `stop_reason`, SGLang's `matched_stop`. */
  matched: unknown[]
}

/** How a message ended. Clients run tools for `tool_use` alone, and some servers say `stop` then. */
export function stopOf(reason: FinishReason, ended: Ended, stops: readonly string[]): Stop {
  if (ended.hasRefused) return { ...NOT_STOPPED, stop_reason: 'refusal', stop_details: REFUSED }
  const stop_reason = REASONS[reason]
  if (stop_reason === 'refusal') return { ...NOT_STOPPED, stop_reason, stop_details: REFUSED }
  if (stop_reason !== 'end_turn') return { ...NOT_STOPPED, stop_reason }
  if (ended.hasCalls) return { ...NOT_STOPPED, stop_reason: 'tool_use' }
  const matched = ended.matched.find((text) => stops.some((stop) => stop === text))
  if (matched === undefined) return { ...NOT_STOPPED, stop_reason }
  return { ...NOT_STOPPED, stop_reason: 'stop_sequence', stop_sequence: matched as string }
}

/** A whole completion. Throws an `ApiError` (502) where a call's arguments are no JSON. */
export function toMessage(completion: ChatCompletion, asked: AskedMessage): Message {
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
    matched: [choice.stop_reason, choice.matched_stop],
  }
  return {
    ...emptyMessage(asked, completion.model),
    content,
    ...stopOf(reason, ended, asked.stops),
    usage: usageOf(completion.usage),
  }
}

/** The message as it is before anything was said. */
export function emptyMessage({ id, model }: AskedMessage, named: string | undefined): Message {
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

/** In a message the prompt's count is a number; 0 where it is not known. */
function usageOf(usage: ChatCompletion['usage']): Message['usage'] {
  const counts = toMessageUsage(usage)
  return { ...counts, input_tokens: counts.input_tokens ?? 0 }
}

function textBlock(text: string): object {
  return { type: 'text', text, citations: null }
}

function callBlock(call: ToolCall, reason: FinishReason, { newCallId }: AskedMessage): object[] {
  const { name = '', arguments: text = '' } = call.function ?? {}
  if (name === '') throw badCall('called a tool without naming it')
  try {
    const input: unknown = text.trim() === '' ? {} : parseExactText(text)
    return [{ type: 'tool_use', id: call.id || newCallId(), name, input }]
  } catch (cause) {
    // A call that was cut off is none; the stop reason tells of it.
    if (reason === 'length') return []
    throw badCall(`called ${JSON.stringify(name)} with arguments that are not JSON`, cause)
  }
}
