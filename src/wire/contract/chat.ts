/** The state machine of a chat stream. */

import { isObject } from '../../util/object.ts'
import type { ChatChunk, ChunkChoice } from '../chat/request.ts'
import { type ChoiceState, ChoicesContract } from './choices.ts'
import { joinParts } from './content-parts.ts'
import { deltaKind, renameReasoning } from './delta.ts'
import { mayLackFinish } from './finish-reason.ts'
import { JsonEnd, ToolCalls } from './tool-calls.ts'

export type { ContractOptions } from './choices.ts'
export type * from './contract.ts'

interface ChatState extends ChoiceState {
  hasRole: boolean
  /** None until the first call comes. */
  tools?: ToolCalls
  /** The arguments of a call in the old form, `function_call`, once one came. */
  called?: JsonEnd
}

export class ChatContract extends ChoicesContract<ChunkChoice, ChatChunk, ChatState> {
  chunk(choices: ChunkChoice[]): ChatChunk {
    const { id, created, model } = this
    return { id, object: 'chat.completion.chunk', created, model, choices }
  }

  /** Says nothing new: the heartbeat of a stream that has begun. */
  quietChunk(): ChatChunk {
    // A choice that was never seen may not begin with a heartbeat.
    const [index] = this.current ?? []
    if (index === undefined) return this.roleChunk()
    return this.chunk([this.silence(index)])
  }

  /** Says only who speaks. */
  roleChunk(): ChatChunk {
    return this.chunk([
      { index: 0, delta: { role: 'assistant', content: '' }, finish_reason: null },
    ])
  }

  protected begin(): ChatState {
    return { hasRole: false, finished: false, hasContent: false }
  }

  protected override isCut({ tools, called }: ChatState): boolean {
    return (tools?.areCut ?? false) || (called?.isOpen ?? false)
  }

  protected stopped(index: number, state: ChatState | undefined): ChunkChoice {
    const delta = state?.hasRole ? {} : { role: 'assistant' }
    const called = state?.called === undefined ? 'stop' : 'function_call'
    return { index, delta, finish_reason: state?.tools === undefined ? called : 'tool_calls' }
  }

  protected judgeContent(choice: ChunkChoice, state: ChatState): boolean {
    let changed = false
    if (choice.delta === undefined || choice.delta === null) {
      if (isOtherAnswer(choice)) throw this.errors.invalid('sent something that is no chat chunk')
      choice.delta = {}
      changed = this.repair('delta')
    }
    if (!isObject(choice.delta)) throw this.errors.invalid('sent a delta that is not an object')
    return this.#judgeDelta(choice, state) || changed
  }

  /** Makes strings of content that came as parts. Returns whether it did. */
  joinParts(spoken: { content?: unknown }, hasContent = false): boolean {
    const joined = joinParts(spoken, this.options.reasoning, hasContent)
    if (typeof joined === 'object') throw this.errors.invalid(`sent ${joined.wrong}`)
    return joined && this.repair('parts')
  }

  protected override silence(index: number): ChunkChoice {
    return { index, delta: {}, finish_reason: null }
  }

  protected override settle(choice: ChunkChoice): boolean {
    return (this.options.think?.separate(choice) ?? false) && this.repair('think')
  }

  #follow({ name, arguments: piece }: Record<string, unknown>, state: ChatState): void {
    if (!name && !piece) return
    state.called ??= new JsonEnd()
    const matters = mayLackFinish(this.options.finishReason, true)
    if (matters && typeof piece === 'string') state.called.take(piece)
  }

  #judgeDelta(choice: ChunkChoice, state: ChatState): boolean {
    const { delta } = choice
    let changed = Array.isArray(delta.content) && this.joinParts(delta)
    const kind = deltaKind(delta)
    if ('wrong' in kind) throw this.errors.invalid(`sent ${kind.wrong}`)
    if (kind.speaks && state.finished) {
      throw this.errors.invalid('sent content after a finish_reason')
    }
    if (kind.speaks) state.hasContent = true
    if (kind.progresses) this.tokens++
    if (renameReasoning(delta, this.options.reasoning)) changed = this.repair('reasoning')
    if (delta.tool_calls) {
      state.tools ??= new ToolCalls(mayLackFinish(this.options.finishReason, true))
      for (const repair of state.tools.repair(delta.tool_calls)) changed = this.repair(repair)
    }
    if (delta.function_call) this.#follow(delta.function_call, state)
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

/** Whole completions and the old text completions have choices too, and say it elsewhere. */
function isOtherAnswer(choice: Record<string, unknown>): boolean {
  return choice.message !== undefined || choice.text !== undefined
}
