import { expect, it } from 'vitest'
import type { Relay } from '../support/relay.ts'
import { bearer } from './keys-entries.ts'

type Message = { role: string; content: unknown }

const script = { persona: 'vllm', words: ['I', ' look', ' at', ' it', '.'] }

/** A request of Claude Code: its system blocks, tools, reminders and limits, as they were seen of it. */
function request(messages: Message[]): object {
  const tools = ['Bash', 'Edit', 'Read', 'Task'].map((name) => ({
    name,
    description: `${name}: ${'what it is for, and how it is used. '.repeat(10)}`,
    input_schema: { type: 'object', properties: { path: { type: 'string' } } },
  }))
  return {
    model: 'small-1',
    script,
    max_tokens: 32_000,
    stream: true,
    thinking: { type: 'adaptive' },
    metadata: { user_id: `user_${'0'.repeat(64)}_account__session_1` },
    system: [
      { type: 'text', text: 'x-anthropic-billing-header: cc_version=2.1; cch=b3f1;' },
      { type: 'text', text: 'You are an agent.', cache_control: { type: 'ephemeral' } },
      { type: 'text', text: 'Be brief. '.repeat(50), cache_control: { type: 'ephemeral' } },
    ],
    tools,
    messages,
  }
}

/** It asks for an answer of 32,000 tokens each time, and has 10,000 a minute. */
export function codingAgentTurns(relay: Relay): void {
  it('lets Claude Code through several turns, with less a minute than it asks for', async () => {
    const messages: Message[] = [{ role: 'user', content: [{ type: 'text', text: 'Go.' }] }]
    for (let turn = 0; turn < 6; turn++) {
      const response = await fetch(`${relay.server.base}/messages?beta=true`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'anthropic-version': '2023-06-01',
          ...bearer('agent-key').headers,
        },
        body: JSON.stringify(request(messages)),
      })
      const read = await response.text()
      expect(response.status, read).toBe(200)
      expect(read).toContain('message_stop')
      const call = { type: 'tool_use', id: `toolu_${turn}`, name: 'Read', input: { path: 'a' } }
      const result = { type: 'tool_result', tool_use_id: call.id, content: 'text '.repeat(50) }
      messages.push({ role: 'assistant', content: [call] }, { role: 'user', content: [result] })
    }
  })
}
