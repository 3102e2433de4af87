import { isObject } from '../../util/object.ts'
import type { TextChunk } from '../completions/answer.ts'
import { repairUsage } from '../usage.ts'
import type { TextContract } from './completions.ts'
import type { Repair } from './contract.ts'
import { canEndWithoutReason } from './finish-reason.ts'

/**
 * Checks a text completion that was not streamed against the same contract. Repairs it in place and
 * returns the repairs; throws the contract's `ApiError`.
 */
export function checkTextCompletion(value: unknown, contract: TextContract): Repair[] {
  if (!isObject(value)) throw contract.errors.invalid('sent an answer that is not a JSON object')
  // In an answer without streaming, usage belongs next to the choices, so it is not checked here.
  contract.check({ ...value, usage: null })
  const { choices } = value as unknown as TextChunk
  if (choices.length === 0) {
    throw contract.errors.unfinished('incomplete', 'sent an answer with no choices')
  }
  for (const choice of choices) {
    if (choice.finish_reason) continue
    if (!canEndWithoutReason(contract.options.finishReason, choice.text !== '')) {
      throw contract.errors.unfinished('incomplete', 'sent a choice without a finish_reason')
    }
    choice.finish_reason = 'stop'
    contract.repaired.add('finish_reason')
  }
  contract.requireAll('done')
  if (repairUsage(value)) contract.repaired.add('usage')
  contract.checkIdentity(value)
  return [...contract.repaired]
}
