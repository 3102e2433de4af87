/**
 * The reasoning of a model as `encrypted_content`, for clients that store the conversation themselves and
 * send it with every request. It is base64, not encryption: whoever may read the answer may read it. The
 * encoding only keeps clients from editing it.
 */
import { badRequest } from '../../wire/errors/api-error.ts'
import { decodeText, encodeText } from '../../wire/sse/sse.ts'

const PREFIX = 'sluice:'

export function toEncryptedContent(thought: string): string {
  let bytes = ''
  for (const byte of encodeText(thought)) bytes += String.fromCharCode(byte)
  return PREFIX + btoa(bytes)
}

/** Whether sluice encoded it. */
export function isOwnEncryptedContent(content: string): boolean {
  return content.startsWith(PREFIX)
}

/** The decoded text. Throws an `ApiError` (400) that names `field` if another server encoded it. */
export function fromEncryptedContent(carried: string, field: string): string {
  if (isOwnEncryptedContent(carried)) {
    try {
      const bytes = atob(carried.slice(PREFIX.length))
      return decodeText(Uint8Array.from(bytes, (byte) => byte.charCodeAt(0)))
    } catch {
      // It was truncated or edited.
    }
  }
  const message = `${field}: expected content that sluice encoded, got content that it cannot read; remove this item.`
  throw badRequest(message, field)
}
