import { createAnthropic } from '@ai-sdk/anthropic'
import Anthropic from '@anthropic-ai/sdk'
import { streamText } from 'ai'
import { describe, expect, it } from 'vitest'
import { readMessages } from '../support/message-stream.ts'
import { ask, broken, chunkOf, flags, model, post, rejection } from '../support/messages.ts'
import { logOf, nextFor, type Relay, sentFor, tag, useRelay } from '../support/relay.ts'
import type { Script } from '../support/script.ts'
import type { HostName } from '../support/server.ts'
import { counting, refusals, withKeys } from './messages-refusals.ts'

/** Anthropic's Messages API, told from chats. */
export function messages(host: HostName): void {
  const relay = useRelay(host, {
    upstream: { persona: 'vllm', script: undefined, counts: 'vllm' },
    flags,
  })
  describe('the stream', () => streams(relay))
  describe('a late engine', () => pings(host))
  describe('an upstream that does not know every field', () => optionalFields(host))
  describe('refusals', () => refusals(relay))
  describe('count_tokens', () => counting(host, relay))
  describe('with a key', () => withKeys(host))
}

function streams(relay: Relay): void {
  const read = (body: object) => readTagged(relay, body)

  it('obeys the API, event by event', async () => {
    const script = {
      persona: 'vllm',
      reasoning: ['Hm.', 'So.'],
      toolCalls: [
        { name: 'f', arguments: ['{"a"', ':1}'] },
        { name: 'g', arguments: ['{}'] },
      ],
    }
    const { response, read: it } = await read({ script })
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toContain('text/event-stream')
    expect(response.headers.get('request-id')).toBe(response.headers.get('x-request-id'))
    expect(it).toMatchObject({ problems: [], outcome: 'finished', model })
    expect(it.blocks.map(({ type, json }) => json ?? type)).toEqual([
      'thinking',
      'text',
      '{"a":1}',
      '{}',
    ])
    expect(await logOf(relay.server, response)).toMatchObject({
      outcome: 'finished',
      tokens: 14,
      model,
    })
  })

  it('tells calls one by one whose pieces come in turns', async () => {
    const piece = (index: number, args: string, named = {}) => [
      {
        chunk: chunkOf({
          tool_calls: [{ index, ...named, function: { ...named, arguments: args } }],
        }),
      },
      { wait: 30 },
    ]
    const finish = { index: 0, delta: {}, finish_reason: 'tool_calls' }
    const script: Script = {
      steps: [
        ...piece(0, '{"a"', { id: 'x', name: 'f' }),
        ...piece(1, '{"b"', { id: 'y', name: 'g' }),
        ...piece(0, ':1}'),
        ...piece(1, ':2}'),
        { chunk: { ...chunkOf({}), choices: [finish] } },
        { send: 'data: [DONE]\n\n' },
      ],
    }
    const { read: it } = await read({ script })
    expect(it).toMatchObject({ problems: [], outcome: 'finished' })
    expect(it.blocks).toMatchObject([
      { id: 'x', name: 'f', json: '{"a":1}' },
      { id: 'y', name: 'g', json: '{"b":2}' },
    ])
  })

  it('fails by an error event where the upstream fails, and never looks finished', async () => {
    const { response, read: it } = await read({ script: broken })
    expect(it).toMatchObject({ problems: [], outcome: 'failed', text: 'Half a thought' })
    expect(it.error?.message).toContain('CUDA out of memory')
    expect(await logOf(relay.server, response)).toMatchObject({ outcome: 'failed' })
    const cut = { steps: [{ chunk: chunkOf({ role: 'assistant', content: 'a' }) }, { cut: true }] }
    const truncated = await read({ script: cut })
    expect(truncated.read).toMatchObject({ problems: [], outcome: 'failed', text: 'a' })
  })

  it('fails where a deadline passes', async () => {
    const silent = { steps: [{ chunk: chunkOf({ role: 'assistant' }) }, { hang: true }] }
    const { read: it, tagged } = await read({ script: silent })
    expect(it).toMatchObject({ problems: [], outcome: 'failed', error: { type: 'timeout_error' } })
    const request = await nextFor(relay, tagged)
    await request.closedWithin(1_500)
  })

  it('says which stop sequence it was, where the engine does', async () => {
    const choice = { index: 0, delta: {}, finish_reason: 'stop', stop_reason: 'END' }
    const script: Script = {
      steps: [
        { chunk: chunkOf({ role: 'assistant', content: 'a' }) },
        { chunk: { ...chunkOf({}), choices: [choice] } },
        { send: 'data: [DONE]\n\n' },
      ],
    }
    const { read: it, tagged } = await read({ stop_sequences: ['END'], script })
    expect(it.stop).toMatchObject({ stop_reason: 'stop_sequence', stop_sequence: 'END' })
    expect((await nextFor(relay, tagged)).body).toMatchObject({ stop: ['END'], max_tokens: 99 })
  })
}

async function readTagged(relay: Relay, body: object) {
  const tagged = tag({ stream: true, ...body })
  const response = await post(relay.server, tagged)
  return { response, read: readMessages(await response.text()), tagged }
}

/** Servers that know less are asked for less. */
function optionalFields(host: HostName): void {
  const relay = useRelay(host, { upstream: { persona: 'vllm' } })
  it('is asked again without it, and not for it again', async () => {
    const refuses = ['chat_template_kwargs', 'stream_options']
    const script = { persona: 'vllm', words: ['Hi.'], refuses }
    const thinking = { type: 'disabled' }
    const { read: it, tagged } = await readTagged(relay, { script, thinking })
    expect(it).toMatchObject({ problems: [], outcome: 'finished', text: 'Hi.' })
    const sent = sentFor(relay, tagged)
    expect(sent).toHaveLength(3)
    expect(sent.at(-1)?.body).not.toHaveProperty('reasoning_effort')
    // It remembers, and asks as the upstream has it.
    const again = await readTagged(relay, { script, thinking })
    expect(sentFor(relay, again.tagged)).toHaveLength(1)
    expect(again.read).toMatchObject({ outcome: 'finished', usage: [{}, { output_tokens: 0 }] })
  })
}

/** The SDKs have to bear pings before the message, as within. */
function pings(host: HostName): void {
  const relay = useRelay(host, { flags: ['--header-wait', '20', '--heartbeat', '100'] })
  const finish = { index: 0, delta: {}, finish_reason: 'stop' }
  const script: Script = {
    headersAfter: 600,
    steps: [
      { chunk: chunkOf({ role: 'assistant', content: 'a' }) },
      { wait: 600 },
      { chunk: { ...chunkOf({}), choices: [finish] } },
      { send: 'data: [DONE]\n\n' },
    ],
  }

  it('is waited for with pings, before its message and within', async () => {
    const response = await post(relay.server, { stream: true, script })
    const read = readMessages(await response.text())
    expect(read).toMatchObject({ problems: [], outcome: 'finished', text: 'a' })
    const before = read.events.findIndex(({ type }) => type === 'message_start')
    expect(before).toBeGreaterThan(0)
    expect(read.pings).toBeGreaterThan(before)
  })

  it('does not trouble the SDKs', async () => {
    relay.upstream.script = script
    const client = new Anthropic({ apiKey: 'none', baseURL: relay.server.url, maxRetries: 0 })
    const message = await client.messages.stream({ model, ...ask }).finalMessage()
    expect(message.content).toMatchObject([{ type: 'text', text: 'a' }])
    const provider = createAnthropic({ baseURL: relay.server.base, apiKey: 'none' })
    const result = streamText({ model: provider(model), prompt: 'Go.', maxRetries: 0 })
    expect(await result.text).toBe('a')
  })

  it('may still fail, and says so', async () => {
    relay.upstream.script = { ...script, steps: [{ cut: true }] }
    const client = new Anthropic({ apiKey: 'none', baseURL: relay.server.url, maxRetries: 0 })
    const error = await rejection(client.messages.stream({ model, ...ask }).finalMessage())
    expect(error).toMatchObject({ type: 'api_error' })
  })
}
