import type { TokenCountCall } from '../../wire/native.ts'
import type { ResponsesRequest } from '../../wire/responses/request.ts'
import { withoutUnsupportedFields } from '../unsupported-fields.ts'
import type { LocatedItem } from './located-item.ts'
import { nativeInput } from './native.ts'
import { refuseFields } from './refused-fields.ts'
import { toChatRequest } from './to-chat.ts'
import { Toolset } from './tools.ts'

/**
 * A request to count the tokens of a conversation, of which `items` are all items. Throws an `ApiError`
 * (400) that names a field that no engine supports.
 */
export function tokenCountCall(
  request: ResponsesRequest,
  items: readonly LocatedItem[],
  maxTools: number,
): TokenCountCall {
  refuseFields(request)
  const { previous_response_id: _, stream: __, ...counted } = request
  return {
    native: {
      api: 'responses',
      path: '/responses/input_tokens',
      body: { ...withoutUnsupportedFields(counted), input: nativeInput(items) },
      headers: {},
    },
    chat: () => toChatRequest(counted, items, new Toolset(counted, items, maxTools)),
  }
}
