/** A Messages request for an upstream with the same API. */
import { MessagesContract } from '../../wire/contract/messages.ts'
import { checkMessage } from '../../wire/contract/messages-answer.ts'
import {
  type CountRequest,
  type MessagesRequest,
  parseCountRequest,
} from '../../wire/messages/request.ts'
import type { NativeCall, TokenCountCall } from '../../wire/native.ts'
import { withoutUnsupportedFields } from '../unsupported-fields.ts'
import { toTokenCountChat } from './to-chat.ts'

/** Client headers that are forwarded to an engine with the same API. */
const VERSION_HEADERS = ['anthropic-version', 'anthropic-beta']

/** The request for an upstream with the same API. */
export function nativeCall(request: MessagesRequest, headers: Headers, url?: string): NativeCall {
  return {
    api: 'messages',
    path: `/messages${queryOf(url)}`,
    body: { ...withoutUnsupportedFields(request) },
    headers: versionHeaders(headers),
    contract: (options) => new MessagesContract(options, request.model ?? ''),
    check: checkMessage,
  }
}

/** A request to count a prompt's tokens. Throws an `ApiError` (400) that names the field. */
export function tokenCountCall(body: unknown, headers: Headers, url?: string): TokenCountCall {
  const request: CountRequest = parseCountRequest(body)
  return {
    native: {
      api: 'messages',
      path: `/messages/count_tokens${queryOf(url)}`,
      body: { ...request },
      headers: versionHeaders(headers),
    },
    chat: () => toTokenCountChat(request),
  }
}

/** The headers that name the client's version of the API. */
function versionHeaders(headers: Headers): Record<string, string> {
  const given = VERSION_HEADERS.map((name) => [name, headers.get(name)] as const)
  return {
    'anthropic-version': '2023-06-01',
    ...Object.fromEntries(given.filter((entry): entry is [string, string] => entry[1] !== null)),
  }
}

/** The query of the client's URL, such as `?beta=true`, encoded again so that it is valid. */
function queryOf(url: string | undefined): string {
  const query = url === undefined ? '' : new URL(url).searchParams.toString()
  return query === '' ? '' : `?${query}`
}
