import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ChatMessage, ContentPart } from '../../../../src/wire/chat/request.ts'
import { withOneSystemMessage } from '../../../../src/wire/chat/system-messages.ts'

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
      'the next one, behind an answer',
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
      'the one before, where an answer follows',
      [user([text('a')]), system('B'), said('b'), user('c')],
      [user([text('a'), text(told('B'))]), said('b'), user('c')],
    ],
    [
      'both that it stands between, as one',
      [user('a'), system('B'), { ...user([text('c'), image]), x: 1 }, system('D'), user('e')],
      [
        {
          ...user([text('a'), text(told('B')), text('c'), image, text(told('D')), text('e')]),
          x: 1,
        },
      ],
    ],
    [
      'the one before, between users of different names',
      [{ ...user('a'), name: 'x' }, system('B'), { ...user('c'), name: 'y' }],
      [
        { ...user(`a\n\n${told('B')}`), name: 'x' },
        { ...user('c'), name: 'y' },
      ],
    ],
    [
      'no others: two of the user’s that came in a row stay two',
      [user('a'), user('b'), system('B'), said('c')],
      [user('a'), user(`b\n\n${told('B')}`), said('c')],
    ],
    [
      'one of their own, behind an answer',
      [user('a'), said('b'), system('B')],
      [user('a'), said('b'), user(told('B'))],
    ],
    [
      'the one before, in front of a result',
      [user('a'), system('B'), result],
      [user(`a\n\n${told('B')}`), result],
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

describe('later ones behind results go to the last of them, so that the roles alternate', () => {
  it.each<[string, ChatMessage[], ChatMessage[]]>([
    [
      'at the end',
      [user('a'), called, system('B'), result, result, system('C')],
      [user('a'), called, result, { ...result, content: `1\n\n${told('B')}\n\n${told('C')}` }],
    ],
    [
      'in front of an answer',
      [user('a'), called, system('B'), result, said('b')],
      [user('a'), called, { ...result, content: `1\n\n${told('B')}` }, said('b')],
    ],
    [
      'in parts',
      [called, { ...result, content: [text('1')] }, system('B'), said('b')],
      [called, { ...result, content: [text('1'), text(told('B'))] }, said('b')],
    ],
    [
      'but as a turn of the user’s where no tool message can hold it',
      [called, result, system([text('B'), image])],
      [called, result, user([text(told('B')), image])],
    ],
    [
      'but as a turn of the user’s where the result has a form that nobody knows',
      [called, { ...result, content: 7 as unknown as string }, system('B')],
      [called, { ...result, content: 7 as unknown as string }, user(told('B'))],
    ],
  ])('%s', (_, messages, expected) => {
    const before = structuredClone(messages)
    expect(withOneSystemMessage(messages)).toEqual(expected)
    expect(messages).toEqual(before)
  })
})

it('keeps the start of a conversation as it was, whatever is added to it', () => {
  const asked = [system('A'), user('a'), system('B'), called, result, system('C'), said('b')]
  const more = [user('c'), system('D'), said('d'), user('e')]
  const all = withOneSystemMessage([...asked, ...more])
  for (const count of [3, 6, 9]) {
    const turns = withOneSystemMessage([...asked, ...more].slice(0, count))
    expect(all.slice(0, turns.length)).toEqual(turns)
  }
})

it.each<[string, (at: number) => ChatMessage]>([
  ['system messages', () => system('y')],
  ['users and system messages in turn', (at) => (at % 2 === 0 ? system('y') : user('z'))],
])('takes no longer for many %s behind a long text', (_, of) => {
  const messages = [
    user('x'.repeat(1_000_000)),
    ...Array.from({ length: 4_990 }, (_, at) => of(at)),
  ]
  const began = performance.now()
  expect(withOneSystemMessage(messages)).toHaveLength(1)
  expect(performance.now() - began).toBeLessThan(500)
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
        const kept = list.filter(({ role }) => role === 'assistant' || role === 'tool')
        return kept.map((message) => ({ ...message, content: withoutTold(message) }))
      }
      expect(others(merged)).toEqual(others(asked))
      // Two users' turns in a row are there only where they came so.
      const pairs = (list: ChatMessage[]) => {
        return list.filter(({ role }, at) => role === 'user' && list[at + 1]?.role === 'user')
          .length
      }
      expect(pairs(merged)).toBe(pairs(asked))
      // Calls and their results stand as they stood.
      for (const [index, message] of merged.entries()) {
        if (message.role !== 'tool' || merged[index - 1]?.role !== 'user') continue
        const isIt = (other: ChatMessage) => withoutTold(other) === withoutTold(message)
        if (asked.filter(isIt).length > 1) continue
        const original = asked.findIndex(isIt)
        const before = asked
          .slice(0, original)
          .findLast(({ role }) => !/system|developer/.test(role))
        expect(before?.role).toBe('user')
      }
    }),
  )
})

/** What a message said before system messages were added to it, as text. */
function withoutTold({ content }: ChatMessage): string {
  const texts = Array.isArray(content) ? content.map((part) => part.text ?? '') : [content ?? '']
  return texts.join('\n\n').replace(/(\n\n)?<system>[^<]*<\/system>/g, '')
}

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
