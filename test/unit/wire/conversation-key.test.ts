import { describe, expect, it } from 'vitest'
import {
  type ConversationSource,
  conversationKey,
  conversationLength,
} from '../../../src/wire/conversation-key.ts'

const user = (content: unknown) => ({ role: 'user', content })
const system = (content: unknown) => ({ role: 'system', content })
const answer = { role: 'assistant', content: 'Sure.' }
const call = { role: 'assistant', content: null, tool_calls: [{ id: '1' }] }
const result = { role: 'tool', tool_call_id: '1', content: 'done' }

const keyOf = (source: ConversationSource, model = 'm', session?: string) =>
  conversationKey(source, model, session)
const chatKey = (...conversation: unknown[]) => keyOf({ body: {}, conversation })

const REMINDER = `<system-reminder>${'CLAUDE.md says so. '.repeat(4_000)}</system-reminder>`

/** The first turn of a conversation in each API, and what comes after it. */
const CONVERSATIONS: Record<string, [ConversationSource, unknown[]]> = {
  'a chat': [
    { body: {}, conversation: [system('Be brief.'), user('Hi.')] },
    [answer, user('And?'), call, result],
  ],
  'a chat of parts': [
    { body: {}, conversation: [user([{ type: 'text', text: 'Hi.' }])] },
    [answer, user([{ type: 'text', text: 'And?' }])],
  ],
  'a chat with an image': [
    {
      body: {},
      conversation: [user([{ type: 'image_url', image_url: { url: 'data:image/png;base64,AA' } }])],
    },
    [answer, user('And?')],
  ],
  'messages of Claude Code': [
    {
      body: { system: [{ type: 'text', text: 'You are an agent.' }] },
      conversation: [user([{ text: REMINDER }, { text: 'Fix the tests.' }])],
    },
    [answer, user([{ type: 'tool_result', content: 'done' }])],
  ],
  'a response of Codex': [
    {
      body: { instructions: 'You are an agent.' },
      conversation: [
        { type: 'message', ...system('Sandboxed.'), role: 'developer' },
        { type: 'message', ...user([{ type: 'input_text', text: 'AGENTS.md' }]) },
        { type: 'message', ...user([{ type: 'input_text', text: 'Fix the tests.' }]) },
      ],
    },
    [{ type: 'reasoning' }, { type: 'function_call' }, { type: 'function_call_output' }],
  ],
}

describe.each(Object.entries(CONVERSATIONS))('%s', (_, [first, later]) => {
  const key = keyOf(first)
  const leading = first.conversation as unknown[]

  it('keeps its key as it grows', () => {
    expect(key).toMatch(/^[0-9a-z]{14}$/)
    for (let turn = 1; turn <= later.length; turn++) {
      const conversation = [...leading, ...later.slice(0, turn)]
      expect(keyOf({ ...first, conversation })).toBe(key)
    }
  })

  it('has another key with other words, another model or another session', () => {
    const others = [
      keyOf({ ...first, conversation: [...leading.slice(0, -1), user('Something else.')] }),
      keyOf(first, 'n'),
      keyOf(first, 'm', 's1'),
      keyOf(first, 'm', 's2'),
    ]
    expect(new Set([key, ...others]).size).toBe(5)
  })
})

describe('the key', () => {
  it('tells users apart who share a system prompt and begin with the same reminder', () => {
    const prompt = system('You are an agent. '.repeat(1_000))
    const keys = ['Fix a.', 'Fix b.'].map((text) =>
      chatKey(prompt, user([{ text: REMINDER }, { text }])),
    )
    const inOne = ['Fix a.', 'Fix b.'].map((text) => chatKey(prompt, user(`${REMINDER} ${text}`)))
    expect(new Set([...keys, ...inOne]).size).toBe(4)
  })

  it('tells the agents and titles of one session apart', () => {
    const keys = ['You write titles.', 'You are an agent.', 'You search.'].map((text) =>
      keyOf({ body: { system: text }, conversation: [user('Fix a.')] }, 'm', 's'),
    )
    expect(new Set(keys).size).toBe(3)
  })

  it('stays where the end of a system prompt changes, and Claude Code’s billing header', () => {
    const keys = ['10:00', '10:05'].map((time) =>
      keyOf({
        body: {
          system: [
            { type: 'text', text: `x-anthropic-billing-header: cch=${time};` },
            { type: 'text', text: `${'You are an agent. '.repeat(100)}It is ${time}.` },
          ],
        },
        conversation: [user('Fix a.')],
      }),
    )
    expect(keys[0]).toBe(keys[1])
  })

  it('stays where a client marks its last message for the cache, and later no more', () => {
    const marked = { type: 'text', text: 'Hi.', cache_control: { type: 'ephemeral' } }
    expect(chatKey(user([marked]))).toBe(chatKey(user([{ type: 'text', text: 'Hi.' }]), answer))
    expect(chatKey(user('Hi.'))).toBe(chatKey(user([{ type: 'text', text: 'Hi.' }]), answer))
  })

  it('of a text completion is that of the beginning of its prompt', () => {
    const key = keyOf({ inputs: `${'Once upon a time. '.repeat(100)}` })
    expect(key).toBeDefined()
    expect(keyOf({ inputs: `${'Once upon a time. '.repeat(100)}And then` })).toBe(key)
    expect(keyOf({ inputs: 'Twice upon a time.' })).not.toBe(key)
  })

  it.each<[string, ConversationSource]>([
    ['no messages', {}],
    ['a system prompt alone', { body: { system: 'x' }, conversation: [system('y'), answer] }],
    ['an answer first', { conversation: [answer, user('Hi.')] }],
    ['no words', { conversation: [user(''), user([{ type: 'text' }, null]), user(7), user(null)] }],
    ['messages that are none', { conversation: [null, 'Hi.', 7, []] }],
    ['prompts of tokens', { inputs: [1, 2, 3] }],
    ['several prompts', { inputs: ['a', 'b'] }],
    ['an empty prompt', { inputs: '' }],
  ])('is none with %s, unless there is a session', (_, source) => {
    expect(keyOf(source)).toBeUndefined()
    expect(keyOf(source, 'm', 's')).toBeDefined()
  })

  it('reads a bounded part of what a client may send', () => {
    let read = 0
    const parts = Array.from({ length: 1_000 }, () => ({
      get text() {
        read++
        return 'x'.repeat(100_000)
      },
    }))
    expect(chatKey(...Array.from({ length: 1_000 }, () => user(parts)))).toBeDefined()
    expect(read).toBeLessThanOrEqual(2 * 8 * 16)
  })

  it('differs for as many conversations as there may be', () => {
    const keys = new Set<unknown>()
    for (let at = 0; at < 20_000; at++) keys.add(chatKey(user(`Fix ${at}.`)))
    expect(keys.size).toBe(20_000)
  })
})

describe('the length of a conversation', () => {
  it.each<[number, ConversationSource]>([
    [0, {}],
    [3, { inputs: 'abc' }],
    [3, { conversation: 'abc' }],
    [0, { conversation: [null, 7, { role: 'user' }, { content: 7 }] }],
    [
      9,
      {
        conversation: [system('abc'), user([{ text: 'def' }, { type: 'image_url' }]), user('ghi')],
      },
    ],
    [3, { conversation: [{ type: 'function_call_output', output: 'abc' }] }],
    [
      6,
      {
        conversation: [
          user([{ type: 'tool_result', content: [{ text: 'abc' }] }, { content: 'def' }]),
        ],
      },
    ],
  ])('is that of its texts: %i', (length, source) => {
    expect(conversationLength(source)).toBe(length)
  })
})
