import { createChatCompletion } from '../chat.ts'
import { ask, entries } from '../table-entry.ts'
import type { HandlerPart } from './part.ts'

// The chat's code is loaded at the start, since most requests are for it; that of others when first asked.
const module = { createChatCompletion }

/** `POST /v1/chat/completions` */
export const chat = {
  name: 'chat',
  routes: entries({
    createChatCompletion: ask('/v1/chat/completions', 'ChatRequest', 'ChatCompletion', module),
  }),
} satisfies HandlerPart
