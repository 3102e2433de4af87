import { isObject } from '../../util/object.ts'
import type { EngineErrors } from '../errors/engine-errors.ts'
import { readError } from '../errors/reported-error.ts'
import { fromMessageUsage } from '../messages/answer.ts'
import type { NativeAnswer } from '../native.ts'
import { repairMessageUsage } from '../usage.ts'

/**
 * Checks a message that was not streamed: no error object, blocks with types, a stop reason. Repairs it in
 * place. Throws an `ApiError`.
 */
export function checkMessage(value: unknown, errors: EngineErrors): NativeAnswer {
  if (!isObject(value)) throw errors.invalid('sent an answer that is not a JSON object')
  const error = readError(value)
  if (error !== undefined) throw errors.failed(error)
  const repaired: string[] = []
  // Ollama sends null if there is no block.
  if (value.content === null) {
    value.content = []
    repaired.push('message')
  }
  const { content, stop_reason: reason, model, usage } = value
  const isBlock = (block: unknown) => isObject(block) && typeof block.type === 'string'
  if (!Array.isArray(content) || !content.every(isBlock)) {
    throw errors.invalid('sent an answer that is not a message')
  }
  if (typeof reason !== 'string' || reason === '') {
    throw errors.unfinished('incomplete', 'sent a message without a stop_reason')
  }
  const counted = isObject(usage) ? fromMessageUsage(usage) : undefined
  if (repairMessageUsage(value)) repaired.push('usage')
  return {
    model: typeof model === 'string' ? model : '',
    usage: counted,
    repaired,
  }
}
