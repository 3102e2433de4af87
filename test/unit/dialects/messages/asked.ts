import { messagesDialect } from '../../../../src/dialects/messages/dialect.ts'
import type { ChatRequest } from '../../../../src/wire/chat/request.ts'
import { ApiError } from '../../../../src/wire/errors/api-error.ts'

export const base = { model: 'm', max_tokens: 9, messages: [{ role: 'user', content: 'Go.' }] }

export function read(body: object, headers: Record<string, string> = {}) {
  return messagesDialect.read({ ...base, ...body }, 'id', new Headers(headers))
}

/** The chat that a request asks for. */
export function chat(body: object): ChatRequest {
  return read(body).chat
}

export function turn(...content: object[]): ChatRequest['messages'] {
  return chat({ messages: [{ role: 'user', content }] }).messages
}

export function refusal(body: object): ApiError {
  try {
    chat(body)
  } catch (error) {
    if (error instanceof ApiError) return error
    throw error
  }
  throw new Error('accepted')
}

export const png = {
  type: 'image',
  source: { type: 'base64', media_type: 'image/png', data: 'AAAA' },
}

export const shown = { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } }

export const text = (words: string) => ({ type: 'text', text: words })
