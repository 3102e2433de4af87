/** A Responses request for an upstream with the same API. */

import { ResponsesContract } from '../../wire/contract/responses.ts'
import { checkResponse } from '../../wire/contract/responses-answer.ts'
import type { NativeCall } from '../../wire/native.ts'
import type { ResponseItem, ResponsesRequest } from '../../wire/responses/request.ts'
import { withoutUnsupportedFields } from '../unsupported-fields.ts'
import { summaryText } from './chat-messages.ts'
import type { ResponseEncoder } from './encoder.ts'
import { fromEncryptedContent, isOwnEncryptedContent } from './encrypted-content.ts'
import type { LocatedItem } from './located-item.ts'

/**
 * Sends the whole conversation and `store: false`: sluice stores responses itself, where each caller can
 * read only their own.
 */
export function nativeCall(
  { previous_response_id: _previous, background: _background, ...request }: ResponsesRequest,
  items: readonly LocatedItem[],
  encoder: () => ResponseEncoder,
): NativeCall {
  const input = nativeInput(items)
  return {
    api: 'responses',
    path: '/responses',
    body: { ...withoutUnsupportedFields(request), input, store: false },
    headers: {},
    contract: (options) => new ResponsesContract(options, (event) => encoder().mergeEvent(event)),
    check(value, errors) {
      const answer = checkResponse(value, errors)
      encoder().mergeResponse(value as Record<string, unknown>)
      return { ...answer, isChanged: true }
    },
  }
}

/** A conversation as an upstream with the same API gets it. */
export function nativeInput(items: readonly LocatedItem[]): ResponseItem[] {
  return items.map(toNative).filter((item) => item !== undefined)
}

/** Reasoning that has no content left is dropped. */
function toNative({ item, at }: LocatedItem): ResponseItem | undefined {
  if (isSummary(item)) return toSummaryMessage(item, at)
  if (item.type !== 'reasoning') return item
  const { encrypted_content: carried, ...plain } = item
  if (carried && isOwnEncryptedContent(carried)) {
    const text = fromEncryptedContent(carried, `${at}.encrypted_content`)
    return { ...plain, content: [{ type: 'reasoning_text', text }] }
  }
  return carried || item.content?.length || item.summary.length > 0 ? item : undefined
}

/** Whether it is a summary that sluice encoded, so that the upstream can't read it. */
function isSummary(item: ResponseItem): boolean {
  const { encrypted_content: carried } = item as { encrypted_content?: unknown }
  return item.type !== 'reasoning' && typeof carried === 'string' && isOwnEncryptedContent(carried)
}

function toSummaryMessage(item: ResponseItem, at: string): ResponseItem {
  const carried = `${item.encrypted_content}`
  const text = summaryText(carried, `${at}.encrypted_content`)
  return { type: 'message', id: item.id, role: 'user', content: [{ type: 'input_text', text }] }
}
