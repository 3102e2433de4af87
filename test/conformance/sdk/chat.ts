import { describe, expect } from 'vitest'
import type { HostName } from '../../support/server.ts'
import type { SentMessage } from './chat-agent.ts'
import { aiSdk } from './chat-ai.ts'
import { langchain } from './chat-langchain.ts'
import { openaiSdk } from './chat-openai.ts'
import { useStage } from './requests.ts'

/** Chat clients' own helpers, as they are: tools, structured output, parts and reasoning. */
export function chatClients(host: HostName): void {
  const relay = useStage(host, 'chat clients')
  const { server } = relay

  /** The bodies of the chats that reached the upstream since `start`. */
  const sentSince = (start: number) =>
    relay.upstream.requests
      .slice(start)
      .filter(({ path }) => path.endsWith('/chat/completions'))
      .map(({ body }) => body as { messages: SentMessage[]; [field: string]: unknown })
  const count = () => relay.upstream.requests.length

  /** An agent's last request: every call of the model, and behind it the results by their ids. */
  const expectLoop = (start: number) => {
    const sent = sentSince(start)
    expect(sent).toHaveLength(3)
    const messages = sent.at(-1)?.messages ?? []
    const calls = messages.flatMap(({ tool_calls }) => tool_calls ?? [])
    expect(calls.map((call) => JSON.parse(call.function.arguments))).toEqual([
      { city: 'Paris' },
      { city: 'Rome' },
      { city: 'Rome' },
    ])
    expect(new Set(calls.map(({ id }) => id)).size).toBe(3)
    const results = messages.filter(({ role }) => role === 'tool')
    expect(results.map(({ tool_call_id, content }) => [tool_call_id, content])).toEqual(
      calls.map(({ id }, at) => [id, at === 0 ? '21' : '27']),
    )
  }

  describe('the openai SDK', () => openaiSdk(server, sentSince, count, expectLoop))
  describe('the ai SDK', () => aiSdk(server, sentSince, count, expectLoop))
  describe('LangChain', () => langchain(server, sentSince, count, expectLoop))
}
