import { get } from 'node:http'
import { describe, expect, it } from 'vitest'
import { needs } from '../support/hosts.ts'
import { model } from '../support/messages.ts'
import type { ChatBody } from '../support/personas.ts'
import { type Relay, sentFor, tag, useRelay } from '../support/relay.ts'
import type { Scripted } from '../support/script.ts'
import type { HostName } from '../support/server.ts'

/** What coding agents send beside messages and tools, as it was seen of them. */
export function codingAgents(host: HostName): void {
  const relay = useRelay(host, { upstream: { persona: 'vllm', script: strictTemplate } })
  describe('system messages', () => systemMessages(relay))
  describe('fields', () => fields(relay))
  describe('refusals', () => refusals(host, relay))
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

function fields(relay: Relay): void {
  const asked: Record<string, object> = {
    '/responses': { input: 'Go.' },
    '/messages': { max_tokens: 9, messages: [{ role: 'user', content: 'Go.' }] },
  }
  const edits = [{ type: 'clear_tool_uses_20250919' }, { type: 'compaction' }]

  it.each(Object.keys(asked))(
    'that change nothing are accepted, and kept here, at %s',
    async (path) => {
      const body = await upstreamBody(relay, path, {
        ...asked[path],
        truncation: 'auto',
        service_tier: 'ultrafast',
        context_management: path === '/messages' ? { edits } : edits,
        client_metadata: { installation_id: 'i', workspace: '/home/ann' },
        include: ['what.nobody.knows'],
      })
      for (const field of ['truncation', 'context_management', 'client_metadata']) {
        expect(body).not.toHaveProperty(field)
      }
      expect(JSON.stringify(body)).not.toContain('/home/ann')
    },
  )

  it.each<[string, string, unknown]>([
    ['/responses', 'context_management[0].type', [{ type: 'rewrite' }]],
    ['/messages', 'context_management.edits[0].type', { edits: [{ type: 'rewrite' }] }],
    ['/responses', 'moderation', { model: 'm' }],
    ['/messages', 'moderation', { model: 'm' }],
    ['/responses', 'container', 'c'],
    ['/messages', 'container', 'c'],
    ['/responses', 'prompt', { id: 'p' }],
    ['/responses', 'conversation', 'c'],
  ])('that would be missed are refused by name, at %s: %s', async (path, param, value) => {
    const [field = ''] = param.split(/[.[]/)
    const response = await post(relay, path, { ...asked[path], [field]: value })
    expect(response.status).toBe(400)
    const { error } = (await response.json()) as { error: { message: string } }
    expect(error.message.startsWith(`${param}: expected`), error.message).toBe(true)
  })
}

function refusals(host: HostName, relay: Relay): void {
  it.each(['/v1/responses', '/v1/chat/completions', '/v1/nowhere'])(
    'a WebSocket is refused by 426, at once, at %s',
    needs(host, 'sockets'),
    async (path) => {
      const { status, headers, body } = await upgrade(`${relay.server.url}${path}`)
      expect(status).toBe(426)
      expect(headers['x-should-retry']).toBe('false')
      expect(JSON.parse(body)).toMatchObject({
        error: { code: 'websocket_not_supported', message: expect.stringContaining('POST') },
      })
    },
  )

  const messages = [{ role: 'user', content: 'Go.' }]

  it.each<[string, object, number]>([
    ['/chat/completions', { messages: 'none' }, 400],
    ['/responses', { input: 7 }, 400],
    ['/messages', { messages: 'none', max_tokens: 9 }, 400],
    ['/messages/count_tokens', { messages }, 501],
    ['/nowhere', {}, 404],
    // The upstream's own refusal.
    ['/chat/completions', { messages, script: { status: 422, headers: json, steps: [] } }, 422],
  ])('at %s is final: %j', async (path, body, status) => {
    const response = await post(relay, path, body)
    expect(response.status).toBe(status)
    expect(response.headers.get('x-should-retry')).toBe('false')
  })

  it.each<[string, number]>([
    ['/chat/completions', 429],
    ['/messages', 529],
    ['/responses', 503],
    ['/chat/completions', 529],
  ])('at %s is not: %d of the upstream, which stays', async (path, status) => {
    const script = { status, headers: json, steps: [] }
    const asked = { messages, max_tokens: 9, input: 'Go.', script }
    const response = await post(
      relay,
      path,
      path === '/responses' ? { input: 'Go.', script } : asked,
    )
    expect(response.status).toBe(status)
    expect(response.headers.has('x-should-retry')).toBe(false)
  })
}

/** Asks for a WebSocket, as Codex does. */
function upgrade(
  url: string,
): Promise<{ status: number; headers: Record<string, unknown>; body: string }> {
  const headers = {
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
  }
  return new Promise((resolve, reject) => {
    const asking = get(url, { headers }, (response) => {
      let body = ''
      response.on('data', (text: Buffer) => {
        body += text.toString()
      })
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body })
      })
    })
    asking.on('upgrade', () => reject(new Error('the connection was upgraded')))
    asking.on('error', reject)
  })
}
