import { describe, expect, it } from 'vitest'
import { model } from '../support/messages.ts'
import type { ChatBody } from '../support/personas.ts'
import { type Relay, sentFor, tag, useRelay } from '../support/relay.ts'
import type { Scripted } from '../support/script.ts'
import type { HostName } from '../support/server.ts'

/** What coding agents send beside messages and tools, as it was seen of them. */
export function codingAgents(host: HostName): void {
  const relay = useRelay(host, { upstream: { persona: 'vllm', script: strictTemplate } })
  describe('system messages', () => systemMessages(relay))
}

/** The template of a model that takes one system message, first, as one string. */
function strictTemplate({ messages }: ChatBody): Scripted {
  const all = messages as { role: string; content: unknown }[]
  const isFit = all.every(({ role, content }, at) => {
    const isLater = role === 'system' && at > 0
    const isInParts = role === 'system' && typeof content !== 'string'
    return role !== 'developer' && !isLater && !isInParts
  })
  if (isFit) return { persona: 'vllm', words: ['Fine.'] }
  const error = { message: 'System message must be at the beginning.', code: 400 }
  return { status: 400, headers: json, steps: [{ send: JSON.stringify({ error }) }] }
}

const json = { 'content-type': 'application/json' }

function post(relay: Relay, path: string, body: object, headers: object = {}): Promise<Response> {
  return fetch(`${relay.server.base}${path}`, {
    method: 'POST',
    headers: { ...json, ...headers },
    body: JSON.stringify({ model, ...body }),
  })
}

/** What the upstream was asked, once the client has its answer. */
async function upstreamBody(relay: Relay, path: string, body: object): Promise<ChatBody> {
  const tagged = tag(body)
  const response = await post(relay, path, tagged)
  expect(response.status, await response.text()).toBe(200)
  return sentFor(relay, tagged)[0]?.body as ChatBody
}

const told = (words: string) => `<system>\n${words}\n</system>`

function systemMessages(relay: Relay): void {
  it('of Claude Code are one, and its reminder is in the turn of the user', async () => {
    const { messages } = await upstreamBody(relay, '/messages', {
      max_tokens: 9,
      system: [
        { type: 'text', text: 'x-anthropic-billing-header: cc_version=2.1; cch=b3f1;' },
        { type: 'text', text: 'You are an agent.' },
        { type: 'text', text: 'Be brief.', cache_control: { type: 'ephemeral' } },
      ],
      messages: [
        { role: 'user', content: [{ type: 'text', text: 'Go.' }] },
        { role: 'system', content: 'Mind the tests.' },
      ],
    })
    expect(messages).toEqual([
      { role: 'system', content: 'You are an agent.\nBe brief.' },
      { role: 'user', content: `Go.\n\n${told('Mind the tests.')}` },
    ])
  })

  it('of Codex are one, and the next turn has those that come later', async () => {
    const item = (role: string, text: string) => ({
      type: 'message',
      role,
      content: [{ type: role === 'assistant' ? 'output_text' : 'input_text', text }],
    })
    const { messages } = await upstreamBody(relay, '/responses', {
      instructions: 'You are an agent.',
      input: [
        item('developer', 'Sandboxed.'),
        item('user', 'Go.'),
        item('assistant', 'Done.'),
        item('developer', 'Now with tests.'),
        item('user', 'Go on.'),
      ],
    })
    expect(messages).toEqual([
      { role: 'system', content: 'You are an agent.\n\nSandboxed.' },
      { role: 'user', content: 'Go.' },
      { role: 'assistant', content: 'Done.' },
      { role: 'user', content: `${told('Now with tests.')}\n\nGo on.` },
    ])
  })

  it('of a chat are one', async () => {
    const messages = [
      { role: 'developer', content: [{ type: 'text', text: 'Be brief.' }] },
      { role: 'user', content: 'Go.' },
    ]
    expect((await upstreamBody(relay, '/chat/completions', { messages })).messages).toEqual([
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'Go.' },
    ])
  })
}
