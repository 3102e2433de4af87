import type { ToolCallPlan } from '../personas.ts'

/** One answer to speak, the same for every persona. */
export interface Turn {
  /** Counts answers; goes into ids. */
  number: number
  /** Unix time in seconds. */
  created: number
  model: string
  tokens: string[]
  reasoning: string[]
  toolCalls: ToolCallPlan[]
  finish: string
  usage: { prompt_tokens: number; completion_tokens: number; total_tokens: number }
  /** Usage was asked for: chunks may have a field for it. */
  usageAsked: boolean
  /** Usage is to be sent. */
  sendUsage: boolean
  usageOnEveryChunk: boolean
}

export interface Dialect {
  headers: Record<string, string>
  /** What comes before the first token, the tokens, and what comes after the last. */
  stream(turn: Turn): { opening: object[]; tokens: object[]; closing: object[] }
  whole(turn: Turn): object
  /** No `[DONE]`: the caller of a library sees objects only. */
  endsWithoutDone?: boolean
}

export const SSE = { 'content-type': 'text/event-stream' }
export const SSE_UTF8 = { 'content-type': 'text/event-stream; charset=utf-8' }

/** How the delta of each token looks, in order. */
export interface DeltaStyle {
  /** The field that carries reasoning. */
  reasoning: 'reasoning' | 'reasoning_content'
  /** Fields that every delta begins or ends with. */
  before?: object
  after?: object
  /** Sends each call in one piece, with its arguments. */
  wholeCalls?: boolean
}

/** The delta of every token, in the order of speaking: reasoning, words, tool calls. */
export function deltas(turn: Turn, style: DeltaStyle): object[] {
  const dress = (fields: object) => ({ ...style.before, ...fields, ...style.after })
  return [
    ...turn.reasoning.map((text) => dress({ [style.reasoning]: text })),
    ...turn.tokens.map((content) => dress({ content })),
    ...turn.toolCalls.flatMap((call, index) =>
      (style.wholeCalls ? [callAtOnce(call, index, turn)] : callInPieces(call, index, turn)).map(
        (toolCall) => dress({ tool_calls: [toolCall] }),
      ),
    ),
  ]
}

function callAtOnce(call: ToolCallPlan, index: number, turn: Turn): object {
  return {
    id: `call_${turn.number}_${index}`,
    index,
    type: 'function',
    function: { name: call.name, arguments: call.arguments.join('') },
  }
}

function callInPieces(call: ToolCallPlan, index: number, turn: Turn): object[] {
  const opening = {
    index,
    id: `call_${turn.number}_${index}`,
    type: 'function',
    function: { name: call.name, arguments: '' },
  }
  return [opening, ...call.arguments.map((piece) => ({ index, function: { arguments: piece } }))]
}

/** The whole answer as one message. */
export function message(turn: Turn, reasoningField: string): object {
  return {
    role: 'assistant',
    content: turn.toolCalls.length > 0 && turn.tokens.length === 0 ? null : turn.tokens.join(''),
    ...(turn.reasoning.length > 0 && { [reasoningField]: turn.reasoning.join('') }),
    ...(turn.toolCalls.length > 0 && {
      tool_calls: turn.toolCalls.map((call, index) => ({
        id: `call_${turn.number}_${index}`,
        type: 'function',
        function: { name: call.name, arguments: call.arguments.join('') },
      })),
    }),
  }
}

/** Usage with all of OpenAI's details. */
export function details(turn: Turn): object {
  return {
    ...turn.usage,
    prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: turn.reasoning.length,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  }
}
