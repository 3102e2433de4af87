import { ApiError } from '../wire/errors/api-error.ts'

/** The client's names of the chat fields that its request is translated to. */
export type FieldNames = Readonly<Record<string, string>>

/**
 * An engine's error about a chat field, with the client's name of that field. The path within the field
 * is dropped, because the messages of the chat are not those of the client.
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
