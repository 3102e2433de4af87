import { expect, it } from 'vitest'
import { counting } from '../../../../src/engines/upstream/abilities.ts'
import { ChatUpstream } from '../../../../src/engines/upstream/chat-upstream.ts'
import type { FetchInit } from '../../../../src/platform/fetch.ts'
import { withSystemMessages } from '../../../../src/wire/chat/system-messages.ts'
import type { TokenCountCall } from '../../../../src/wire/native.ts'

const messages = [
  { role: 'user', content: 'Hi' },
  { role: 'system', content: 'Be brief.' },
] as const

const prompt: TokenCountCall = {
  native: { api: 'messages', path: '/messages/count_tokens', body: {}, headers: {} },
  chat: () => ({ model: 'm', messages: [...messages] }),
}

it.each([
  ['as they came where that is how chats are sent', undefined, 2],
  ['joined where chats are sent so', withSystemMessages, 1],
])('system messages are counted %s', async (_, withMessages, length) => {
  const counted: unknown[][] = []
  const upstream = new ChatUpstream(
    {
      url: 'http://gpu:8000/v1',
      label: 'gpu',
      ...(withMessages && { withSystemMessages: withMessages }),
      async fetch(url: string, init: FetchInit) {
        if (!url.endsWith('/tokenize')) return new Response('{}', { status: 404 }) as never
        counted.push(JSON.parse(String(init.body)).messages)
        return Response.json({ count: 7 }) as never
      },
    },
    [counting],
  ) as ChatUpstream & ReturnType<typeof counting>
  const signal = new AbortController().signal
  expect(await upstream.countTokens(prompt, 'm', signal)).toBe(7)
  expect(counted[0]).toHaveLength(length)
})
