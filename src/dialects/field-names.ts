import { ApiError } from '../wire/errors/api-error.ts'

/** What a client calls the fields of the chat that its request becomes. */
export type FieldNames = Readonly<Record<string, string>>

/**
 * An engine's refusal, which names a chat's field, by the name that the client gave it. ConcurrencyLimiter within
 * a field are left out: a chat's messages are other ones than the client's.
 */
export function renameErrorField(error: unknown, names: FieldNames): unknown {
  if (!(error instanceof ApiError) || error.param === null) return error
  const { status, message, param, code, type, headers, cause, evidence } = error
  const own = names[/^\w*/.exec(param)?.[0] ?? '']
  if (own === undefined) return error
  const told = message.startsWith(`${param}:`) ? own + message.slice(param.length) : message
  const rest = { type, headers, cause, ...(evidence && { evidence }) }
  return new ApiError(status, told, { code, param: own, ...rest })
}
