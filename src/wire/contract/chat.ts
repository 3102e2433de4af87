/** The state machine of a chat stream. */

import { isObject } from '../../util/object.ts'
import type { ChatChunk, ChunkChoice } from '../chat/request.ts'
import { type ChoiceState, ChoicesContract } from './choices.ts'
import { joinParts } from './content-parts.ts'
import { classifyDelta, deltaLength, renameReasoning } from './delta.ts'
import { canEndWithoutReason } from './finish-reason.ts'
import { JsonNesting, ToolCalls } from './tool-calls.ts'

export type { ContractOptions, StreamIdentity } from './choices.ts'
export type * from './contract.ts'

interface ChatState extends ChoiceState {
  hasRole: boolean
  /** Undefined until the first tool call comes. */
  toolCalls?: ToolCalls
  /** The arguments of a call in the deprecated field `function_call`, once one came. */
  functionCall?: JsonNesting
}

export class ChatContract extends ChoicesContract<ChunkChoice, ChatChunk, ChatState> {
  chunk(choices: ChunkChoice[]): ChatChunk {
    const { id, created, model } = this
    return { id, object: 'chat.completion.chunk', created, model, choices }
  }

  /** A chunk without content: the heartbeat of a stream that has started. */
  heartbeatChunk(): ChatChunk {
    // A heartbeat must not start a choice.
    const [index] = this.currentChoice ?? []
    if (index === undefined) return this.roleChunk()
    return this.chunk([this.emptyChoice(index)])
  }

  /** A chunk that has only the role. */
  roleChunk(): ChatChunk {
    return this.chunk([
      { index: 0, delta: { role: 'assistant', content: '' }, finish_reason: null },
    ])
  }

  protected newChoice(): ChatState {
    return { hasRole: false, finished: false, hasContent: false }
  }

  protected override isTruncated({ toolCalls, functionCall }: ChatState): boolean {
    return (toolCalls?.areTruncated ?? false) || (functionCall?.isOpen ?? false)
  }

  protected finalChoice(index: number, state: ChatState | undefined): ChunkChoice {
    const delta = state?.hasRole ? {} : { role: 'assistant' }
    const called = state?.functionCall === undefined ? 'stop' : 'function_call'
    return { index, delta, finish_reason: state?.toolCalls === undefined ? called : 'tool_calls' }
  }

  protected checkContent(choice: ChunkChoice, state: ChatState): boolean {
    let changed = false
    if (choice.delta === undefined || choice.delta === null) {
      if (isOtherAnswer(choice)) throw this.errors.invalid('sent a chunk of another API')
      choice.delta = {}
      changed = this.repair('delta')
    }
    if (!isObject(choice.delta)) throw this.errors.invalid('sent a delta that is not an object')
    return this.#checkDelta(choice, state) || changed
  }

  /** Joins content that came as an array of parts. Returns whether it did. */
  joinParts(spoken: { content?: unknown }, hasContent = false): boolean {
    const joined = joinParts(spoken, this.options.reasoning, hasContent)
    if (typeof joined === 'object') throw this.errors.invalid(`sent ${joined.problem}`)
    return joined && this.repair('parts')
  }

  protected override emptyChoice(index: number): ChunkChoice {
    return { index, delta: {}, finish_reason: null }
  }

  protected override separateThinking(choice: ChunkChoice): boolean {
    return (this.options.think?.separate(choice) ?? false) && this.repair('think')
  }

  #trackFunctionCall({ name, arguments: piece }: Record<string, unknown>, state: ChatState): void {
    if (!name && !piece) return
    state.functionCall ??= new JsonNesting()
    const matters = canEndWithoutReason(this.options.finishReason, true)
    if (matters && typeof piece === 'string') state.functionCall.add(piece)
  }

  #checkDelta(choice: ChunkChoice, state: ChatState): boolean {
    const { delta } = choice
    let changed = Array.isArray(delta.content) && this.joinParts(delta)
    const kind = classifyDelta(delta)
    if ('problem' in kind) throw this.errors.invalid(`sent ${kind.problem}`)
    if (kind.hasContent && state.finished) {
      throw this.errors.invalid('sent content after a finish_reason')
    }
    if (kind.hasContent) {
      state.hasContent = true
    }
    if (kind.hasProgress || this.options.keepsBack) this.tokens++
    if (kind.hasProgress && this.countsText) this.textLength += deltaLength(delta)
    if (renameReasoning(delta, this.options.reasoning)) changed = this.repair('reasoning')
    if (delta.tool_calls) {
      state.toolCalls ??= new ToolCalls(canEndWithoutReason(this.options.finishReason, true))
      for (const repair of state.toolCalls.repair(delta.tool_calls)) changed = this.repair(repair)
    }
    if (delta.function_call) this.#trackFunctionCall(delta.function_call, state)
    if (!state.hasRole) {
      state.hasRole = true
      if (delta.role !== 'assistant') {
        choice.delta = { ...delta, role: 'assistant' }
        changed = this.repair('role')
      }
    }
    return changed
  }
}

/** Completions without streaming and text completions have choices too, with other fields. */
function isOtherAnswer(choice: Record<string, unknown>): boolean {
  return choice.message !== undefined || choice.text !== undefined
}
