import { describe, expect, it } from 'vitest'
import { joinUserTurns } from '../../../src/dialects/chat-templates.ts'
import { toChatMessages } from '../../../src/dialects/messages/chat-messages.ts'
import type { ChatMessage } from '../../../src/wire/chat/request.ts'
import type { MessagesRequest } from '../../../src/wire/messages/request.ts'

const user = (content: ChatMessage['content']): ChatMessage => ({ role: 'user', content })
const said: ChatMessage = { role: 'assistant', content: 'b' }
const text = (words: string) => ({ type: 'text', text: words })
const image = { type: 'image_url', image_url: { url: 'data:image/png;base64,AA' } }

describe('turns of the user in a row are one', () => {
  it.each<[string, ChatMessage[], ChatMessage[]]>([
    ['as one string', [user('a'), user('b'), user('c')], [user('a\n\nb\n\nc')]],
    [
      'each run of them',
      [user('a'), user('b'), said, user('c')],
      [user('a\n\nb'), said, user('c')],
    ],
    ['without those that say nothing', [user(''), user('a'), user(null)], [user('a')]],
    ['where none says anything', [user(null), user('')], [user('')]],
    ['in parts', [user('a'), user([image]), user('b')], [user([text('a'), image, text('b')])]],
    [
      'with the fields of the first',
      [{ ...user('a'), x: 1 }, user('b')],
      [{ ...user('a\n\nb'), x: 1 }],
    ],
  ])('%s', (_, messages, expected) => {
    const before = structuredClone(messages)
    expect(joinUserTurns(messages)).toEqual(expected)
    expect(messages).toEqual(before)
  })

  it('in a time that grows with their number alone', () => {
    const parts = Array.from({ length: 90_000 }, () => text(''))
    const messages = [user(parts), ...Array.from({ length: 4_990 }, () => user('x'))]
    const began = performance.now()
    expect(joinUserTurns(messages)[0]?.content).toHaveLength(94_990)
    expect(performance.now() - began).toBeLessThan(500)
  })
})

it('results that are split over messages stand together, in front of what they show', () => {
  const use = (id: string) => ({ type: 'tool_use', id, name: 'f', input: {} })
  const result = (id: string, content: unknown) => ({
    type: 'tool_result',
    tool_use_id: id,
    content,
  })
  const source = { type: 'base64', media_type: 'image/png', data: 'AA' }
  const messages = [
    { role: 'assistant', content: [use('a'), use('b')] },
    { role: 'user', content: [result('a', [{ type: 'image', source }])] },
    { role: 'system', content: 'S' },
    { role: 'user', content: [result('b', '1'), text('Go on.')] },
    { role: 'assistant', content: [use('c')] },
    { role: 'user', content: [result('c', '2')] },
  ] as MessagesRequest['messages']
  expect(toChatMessages({ messages }).slice(1)).toEqual([
    expect.objectContaining({ role: 'tool', tool_call_id: 'a' }),
    { role: 'tool', tool_call_id: 'b', content: '1' },
    user([image]),
    { role: 'system', content: 'S' },
    user('Go on.'),
    expect.objectContaining({ role: 'assistant' }),
    { role: 'tool', tool_call_id: 'c', content: '2' },
  ])
})
