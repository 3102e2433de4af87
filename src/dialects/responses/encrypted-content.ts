/**
 * What a model thought, in the form in which a client that has nothing kept at the server carries it
 * from request to request (`encrypted_content`). It is no secret from whoever may read the answer:
 * the form only keeps clients from changing it.
 */
import { badRequest } from '../../wire/errors/api-error.ts'
import { decodeText, encodeText } from '../../wire/sse/sse.ts'

const PREFIX = 'sluice:'

export function toEncryptedContent(thought: string): string {
  let bytes = ''
  for (const byte of encodeText(thought)) bytes += String.fromCharCode(byte)
  return PREFIX + btoa(bytes)
}

/** Whether sluice gave it. */
export function isOwnEncryptedContent(content: string): boolean {
  return content.startsWith(PREFIX)
}

/** The thought. Throws an `ApiError` (400) for what another server wrote; `field` has it. */
export function fromEncryptedContent(carried: string, field: string): string {
  if (isOwnEncryptedContent(carried)) {
    try {
      const bytes = atob(carried.slice(PREFIX.length))
      return decodeText(Uint8Array.from(bytes, (byte) => byte.charCodeAt(0)))
    } catch {
      // It was cut or changed on its way.
    }
  }
  const message = `${field}: expected content that sluice encoded, got content that it cannot read; remove this item.`
  throw badRequest(message, field)
}
