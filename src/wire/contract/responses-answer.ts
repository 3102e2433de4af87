import { isObject } from '../../util/object.ts'
import type { EngineErrors } from '../errors/engine-errors.ts'
import { type ReportedError, readError } from '../errors/reported-error.ts'
import type { NativeAnswer } from '../native.ts'
import { fromResponseUsage } from '../responses/answer.ts'
import { repairResponseUsage } from '../usage.ts'

/**
 * Checks a response that was not streamed: no failure, items with types, a final status. Throws an
 * `ApiError`.
 */
export function checkResponse(value: unknown, errors: EngineErrors): NativeAnswer {
  if (!isObject(value)) throw errors.invalid('sent an answer that is not a JSON object')
  const { status, output, model } = value
  if (status === 'failed' || status === 'cancelled') throw reportedFailure(value, errors)
  const error = readError(value)
  if (error !== undefined) throw errors.failed(error)
  if (!Array.isArray(output) || !output.every(isItem)) {
    throw errors.invalid('sent an answer that is not a response')
  }
  if (status !== 'completed' && status !== 'incomplete') {
    throw errors.unfinished('incomplete', 'sent a response that is not complete')
  }
  const name = typeof model === 'string' ? model : ''
  const repaired = repairResponseUsage(value) ? ['usage'] : []
  return { model: name, usage: fromResponseUsage(value.usage), repaired }
}

export const NO_REASON: ReportedError = { message: 'no reason given' }

export function reportedFailure(response: unknown, errors: EngineErrors) {
  const error = isObject(response) ? readError(response) : undefined
  return errors.failed(error ?? NO_REASON)
}

export function isItem(item: unknown): boolean {
  return isObject(item) && typeof item.type === 'string'
}
