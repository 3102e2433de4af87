import { isObject } from '../../util/object.ts'
import type {
  ChatCompletion,
  CompletionChoice,
  CompletionMessage,
  FinishReason,
} from '../chat/request.ts'
import { readError } from '../errors/reported-error.ts'
import { repairUsage } from '../usage.ts'
import type { ChatContract, Repair } from './chat.ts'
import { renameReasoning } from './delta.ts'
import { canEndWithoutReason, readFinishReason } from './finish-reason.ts'
import { JsonNesting, repairToolCalls } from './tool-calls.ts'

/**
 * Checks a completion that was not streamed against the same contract: no error object, a known finish
 * reason, `created` in seconds, one field for reasoning, calls with ids. Repairs it in place and returns
 * the repairs; throws the contract's `ApiError`.
 */
export function checkCompletion(value: unknown, contract: ChatContract): Repair[] {
  if (!isObject(value)) throw contract.errors.invalid('sent an answer that is not a JSON object')
  const error = readError(value)
  if (error !== undefined) throw contract.errors.failed(error)
  if (!Array.isArray(value.choices)) throw contract.errors.invalid('sent an answer without choices')
  if (value.choices.length === 0) {
    throw contract.errors.unfinished('incomplete', 'sent an answer with no choices')
  }
  const completion = value as ChatCompletion
  for (const [at, choice] of completion.choices.entries()) {
    if (!isObject(choice) || !isObject(choice.message)) {
      throw contract.errors.invalid('sent a choice without a message')
    }
    if (!Number.isInteger(choice.index)) {
      choice.index = at
      contract.repaired.add('index')
    }
    contract.joinParts(choice.message, true)
    if (renameReasoning(choice.message, contract.options.reasoning)) {
      contract.repaired.add('reasoning')
    }
    if (contract.options.think?.separateWhole(choice.message)) contract.repaired.add('think')
    if (repairToolCalls(choice.message.tool_calls)) contract.repaired.add('tool_call')
    const reason = finishOf(choice, contract)
    if (reason === choice.finish_reason) continue
    choice.finish_reason = reason
    contract.repaired.add('finish_reason')
  }
  if (repairUsage(completion)) contract.repaired.add('usage')
  contract.checkIdentity(completion)
  return [...contract.repaired]
}

/** The finish reason of a choice, inferred if the server sent none and the setting allows that. */
function finishOf(
  { finish_reason, message }: CompletionChoice,
  contract: ChatContract,
): FinishReason {
  const rule = contract.options.finishReason
  const meaning = readFinishReason(finish_reason)
  if (meaning !== undefined && meaning.kind !== 'reason') throw contract.errors.badFinish(meaning)
  if (meaning?.reason) {
    rule?.sent()
    return meaning.reason
  }
  const calls = Array.isArray(message.tool_calls) ? message.tool_calls : []
  const { function_call: old } = message
  // Some servers send an empty function_call if there is none.
  const called = old?.name || old?.arguments ? old : undefined
  const hasContent = calls.length > 0 || called !== undefined || hasText(message)
  const isCut = [called, ...calls.map((call) => call?.function)].some(isTruncated)
  if (isCut || !canEndWithoutReason(rule, hasContent)) {
    throw contract.errors.unfinished('incomplete', 'sent a choice without a finish_reason')
  }
  if (calls.length > 0) return 'tool_calls'
  return called === undefined ? 'stop' : 'function_call'
}

/** Whether the arguments of a call end inside their JSON. */
function isTruncated(called: { arguments?: unknown } | undefined): boolean {
  const text = called?.arguments
  if (typeof text !== 'string') return false
  const end = new JsonNesting()
  end.add(text)
  return end.isOpen
}

function hasText({ content, refusal, reasoning, reasoning_content }: CompletionMessage) {
  return Boolean(content || refusal || reasoning || reasoning_content)
}
