import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ChatMessage, ContentPart } from '../../../src/wire/chat.ts'
import { withOneSystemMessage } from '../../../src/wire/system-messages.ts'

const system = (content: ChatMessage['content']): ChatMessage => ({ role: 'system', content })
const developer = (content: ChatMessage['content']): ChatMessage => ({ role: 'developer', content })
const user = (content: ChatMessage['content']): ChatMessage => ({ role: 'user', content })
const said = (content: string): ChatMessage => ({ role: 'assistant', content })
const called: ChatMessage = { role: 'assistant', content: null, tool_calls: [] }
const result: ChatMessage = { role: 'tool', tool_call_id: 'c', content: '1' }
const text = (words: string): ContentPart => ({ type: 'text', text: words })
const image: ContentPart = { type: 'image_url', image_url: { url: 'data:,' } }
const told = (words: string) => `<system>\n${words}\n</system>`

describe('what needs no change is the very array', () => {
  it.each<[string, ChatMessage[]]>([
    ['none', [user('a'), said('b'), user('c')]],
    ['one, first, a string', [system('A'), user('a'), called, result]],
    ['nothing', []],
    // An upstream refuses in its own words what has no form that can be read.
    ['a content that is no text', [user('a'), system(7 as unknown as string)]],
    ['a turn that is no text', [system([text('A')]), user({ a: 1 } as unknown as string)]],
    ['roles that nobody knows', [{ ...user('a'), role: 'critic' as 'user' }]],
  ])('%s', (_, messages) => {
    expect(withOneSystemMessage(messages)).toBe(messages)
  })
})

describe('leading ones become one', () => {
  it.each<[string, ChatMessage[], ChatMessage]>([
    ['two', [system('A'), system('B')], system('A\n\nB')],
    ['a developer', [developer('A')], system('A')],
    ['developers', [developer('A'), developer('B')], system('A\n\nB')],
    ['in parts', [system([text('A'), text('B')])], system('A\nB')],
    ['in one part', [system([text('A')])], system('A')],
    ['without text', [system(''), system('B')], system('B')],
    ['with what is no text', [system([text('A'), image])], system([text('A'), image])],
    [
      'with fields of a server',
      [{ ...system('A'), x: 1 }, system('B')],
      { ...system('A\n\nB'), x: 1 },
    ],
  ])('%s', (_, leading, expected) => {
    expect(withOneSystemMessage([...leading, user('a')])).toEqual([expected, user('a')])
  })
})

it('keeps the names of examples, whoever says them', () => {
  const example = (name: string, content: string): ChatMessage => ({ ...system(content), name })
  const asked = [system('A'), example('example_user', 'B'), user('c'), example('critic', 'D')]
  expect(withOneSystemMessage(asked)).toEqual([
    system('A\n\nexample_user: B'),
    user(`c\n\n${told('critic: D')}`),
  ])
  expect(withOneSystemMessage([example('x', 'A'), system('B')])).toEqual([system('x: A\n\nB')])
  expect(withOneSystemMessage([{ ...developer('A'), name: 'x' }])).toEqual([example('x', 'A')])
})

describe('later ones go into turns of the user’s', () => {
  it.each<[string, ChatMessage[], ChatMessage[]]>([
    [
      'the next one',
      [system('A'), user('a'), said('b'), system('B'), user('c')],
      [system('A'), user('a'), said('b'), user(`${told('B')}\n\nc`)],
    ],
    [
      'several',
      [user('a'), said('b'), system('B'), developer('C'), user('c')],
      [user('a'), said('b'), user(`${told('B')}\n\n${told('C')}\n\nc`)],
    ],
    [
      'the next one, in parts',
      [user('a'), said('b'), system('B'), user([text('c'), image])],
      [user('a'), said('b'), user([text(told('B')), text('c'), image])],
    ],
    [
      'the one before, where it was the last',
      [system('A'), user('a'), system('B'), system('C')],
      [system('A'), user(`a\n\n${told('B')}\n\n${told('C')}`)],
    ],
    [
      'the one before, where none follows',
      [user([text('a')]), system('B'), said('b')],
      [user([text('a'), text(told('B'))]), said('b')],
    ],
    [
      'one of their own, behind an answer',
      [user('a'), said('b'), system('B')],
      [user('a'), said('b'), user(told('B'))],
    ],
    [
      'one of their own, behind results',
      [user('a'), called, system('B'), result],
      [user('a'), called, result, user(told('B'))],
    ],
    [
      'one of their own, between answers',
      [user('a'), called, system('B'), result, said('b')],
      [user('a'), called, result, user(told('B')), said('b')],
    ],
    [
      'the next one, behind results',
      [user('a'), called, system('B'), result, user('c')],
      [user('a'), called, result, user(`${told('B')}\n\nc`)],
    ],
    ['with what is no text', [user('a'), system([image])], [user([text('a'), image])]],
    [
      'with parts that are none',
      [user('a'), system([null, 1] as unknown as ContentPart[])],
      [user([text('a'), null, 1] as unknown as ContentPart[])],
    ],
    [
      'a turn without words',
      [user('a'), said('b'), system('B'), user(null)],
      [user('a'), said('b'), user(told('B'))],
    ],
  ])('%s', (_, messages, expected) => {
    const before = structuredClone(messages)
    expect(withOneSystemMessage(messages)).toEqual(expected)
    expect(messages).toEqual(before)
  })
})

it('leaves one at most, first, and loses no word, whatever the order', () => {
  const role = fc.constantFrom('system', 'developer', 'user', 'assistant', 'tool')
  const words = fc.stringMatching(/^[a-z]{3,6}$/)
  const content = fc.oneof(words, fc.array(words.map(text), { minLength: 1, maxLength: 3 }))
  const messages = fc.array(fc.record({ role, content }), { maxLength: 8 })
  fc.assert(
    fc.property(messages, (given) => {
      const asked = given as ChatMessage[]
      const merged = withOneSystemMessage(asked)
      const at = merged.flatMap(({ role }, index) => (/system|developer/.test(role) ? [index] : []))
      expect([[], [0]]).toContainEqual(at)
      if (at.length > 0)
        expect(merged[0]).toMatchObject({ role: 'system', content: expect.any(String) })
      expect(wordsOf(merged)).toEqual(wordsOf(asked))
      const others = (list: ChatMessage[]) => {
        return list.filter(({ role }) => role === 'assistant' || role === 'tool')
      }
      expect(others(merged)).toEqual(others(asked))
      // Calls and their results stand as they stood.
      for (const [index, message] of merged.entries()) {
        if (message.role !== 'tool' || merged[index - 1]?.role !== 'user') continue
        const original = asked.indexOf(message)
        const before = asked
          .slice(0, original)
          .findLast(({ role }) => !/system|developer/.test(role))
        expect(before?.role).toBe('user')
      }
    }),
  )
})

/** All words, in alphabetical order. */
function wordsOf(messages: ChatMessage[]): string[] {
  const all = messages.map(({ content }) => {
    return Array.isArray(content)
      ? content.map((part) => part.text ?? '').join(' ')
      : (content ?? '')
  })
  return (
    all
      .join(' ')
      .replace(/<\/?system>/g, ' ')
      .match(/[a-z]+/g) ?? []
  ).sort()
}
