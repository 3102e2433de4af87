/** Images that a tab may be asked about. */
import { isObject } from '../util/object.ts'
import { quoted } from '../util/safe/quoted.ts'
import type { ChatRequest } from '../wire/chat/request.ts'
import { badRequest } from '../wire/errors/api-error.ts'

/**
 * Throws an `ApiError` (400) for an image that is an address: whoever asks would have the tab load what only
 * its own network has.
 */
export function requireOwnImages({ messages }: ChatRequest): void {
  for (const [index, { content }] of messages.entries()) {
    if (!Array.isArray(content)) continue
    for (const [part, value] of (content as unknown[]).entries()) {
      const url = imageUrl(value)
      if (url === undefined || url.startsWith('data:')) continue
      const path = `messages[${index}].content[${part}].image_url`
      throw badRequest(
        `${path}: expected a data: URL, since a browser's tab answers and must load nothing for others, got ${quoted(url, 60)}; send the image itself.`,
        path,
      )
    }
  }
}

function imageUrl(part: unknown): string | undefined {
  if (!isObject(part) || part.type !== 'image_url') return undefined
  const url = isObject(part.image_url) ? part.image_url.url : part.image_url
  return typeof url === 'string' ? url : undefined
}
