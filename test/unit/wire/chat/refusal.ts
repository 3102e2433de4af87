import { requireChat } from '../../../../src/wire/chat/known-fields.ts'
import { ApiError } from '../../../../src/wire/errors/api-error.ts'

/** The error by which an engine that runs here refuses a body; throws when the body passes, or when anything else is thrown. */
export function refusal(body: unknown, check: (body: never) => unknown = requireChat): ApiError {
  try {
    check(body as never)
  } catch (error) {
    if (error instanceof ApiError) return error
    throw error
  }
  throw new Error(`accepted: ${JSON.stringify(body)}`)
}
