import { parseChatRequest } from '../../../src/wire/chat.ts'
import { ApiError } from '../../../src/wire/errors.ts'

/** The error that refuses a body; throws when the body passes, or when anything else is thrown. */
export function refusal(body: unknown): ApiError {
  try {
    parseChatRequest(body)
  } catch (error) {
    if (error instanceof ApiError) return error
    throw error
  }
  throw new Error(`accepted: ${JSON.stringify(body)}`)
}
