/**
 * The server of a chat made with `useChat`. An answer outlives its connection because sluice stores the events:
 * this server needs no Redis of its own, and may be restarted meanwhile if it stores `chats`.
 */
import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import {
  convertToModelMessages,
  createUIMessageStreamResponse,
  generateId,
  streamText,
  toUIMessageStream,
  type UIMessage,
} from 'ai'

const sluice = process.env.SLUICE_URL ?? 'http://127.0.0.1:8787/v1'
const headers = { authorization: `Bearer ${process.env.SLUICE_KEY ?? 'none'}` }

interface Chat {
  messages: UIMessage[]
  /** The answer that is being generated: its id, and where sluice has the events. */
  active?: { messageId: string; address?: string }
}

/** In memory, to keep the example short: an application stores this in its database. */
const chats = new Map<string, Chat>()

/** Any framework can call it: POST /api/chat, GET /api/chat/ID/stream, POST /api/chat/ID/stop. */
export async function handle(request: Request): Promise<Response> {
  const [, , , id = '', what] = new URL(request.url).pathname.split('/')
  if (request.method === 'GET' && what === 'stream') return resume(id)
  if (request.method === 'GET') return Response.json(chats.get(id)?.messages ?? [])
  if (what === 'stop') return stop(id)
  const asked = (await request.json()) as { id: string; messages: UIMessage[] }
  const active: NonNullable<Chat['active']> = { messageId: generateId() }
  const chat: Chat = { messages: asked.messages, active }
  chats.set(asked.id, chat)
  return answer(chat, active.messageId, async (input, init) => {
    const own = { ...Object.fromEntries(new Headers(init?.headers)), 'x-sluice-resume': '1' }
    const response = await fetch(input, { ...init, headers: own })
    active.address = response.headers.get('x-sluice-resume') ?? undefined
    return response
  })
}

/** The messages of the user interface for what `ask` brings: a new answer, or one that goes on. */
async function answer(chat: Chat, messageId: string, ask: typeof fetch): Promise<Response> {
  const provider = createOpenAICompatible({ name: 'sluice', baseURL: sluice, headers, fetch: ask })
  const result = streamText({
    model: provider(process.env.MODEL ?? 'static'),
    messages: await convertToModelMessages(chat.messages),
    maxRetries: 0,
  })
  const stream = toUIMessageStream({
    stream: result.stream,
    originalMessages: chat.messages,
    generateMessageId: () => messageId,
    onEnd({ messages, isCancelled }) {
      // The browser left: sluice goes on, and the answer is stored when somebody has read it to its end.
      if (isCancelled || chat.active?.messageId !== messageId) return
      chat.messages = messages
      delete chat.active
    },
  })
  return createUIMessageStreamResponse({ stream })
}

/** What `useChat({ resume: true })` asks for when the page is loaded: the answer from its beginning. */
async function resume(id: string): Promise<Response> {
  const chat = chats.get(id)
  const address = chat?.active?.address
  if (chat?.active === undefined || address === undefined)
    return new Response(null, { status: 204 })
  const stored = await fetch(new URL(address, sluice), { headers })
  if (!stored.ok) return new Response(null, { status: 204 })
  return answer(chat, chat.active.messageId, async () => stored)
}

/** `stop()` of `useChat` only closes its connection: the model is stopped here. */
async function stop(id: string): Promise<Response> {
  const address = chats.get(id)?.active?.address
  if (address !== undefined) await fetch(new URL(address, sluice), { method: 'DELETE', headers })
  return Response.json({ stopped: address !== undefined })
}

export default { fetch: handle, port: 3000 }
