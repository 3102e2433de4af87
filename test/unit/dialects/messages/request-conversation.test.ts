import { describe, expect, it } from 'vitest'
import { base, chat, png, shown, text, turn } from './asked.ts'

describe('the conversation', () => {
  it('begins with the system prompt, in its parts', () => {
    expect(chat({ system: 'A.' }).messages[0]).toEqual({ role: 'system', content: 'A.' })
    const one = [{ ...text('A.'), cache_control: { type: 'ephemeral' } }]
    expect(chat({ system: one }).messages[0]).toEqual({ role: 'system', content: 'A.' })
    const system = [text('A.'), text('B.')]
    expect(chat({ system }).messages[0]).toEqual({ role: 'system', content: system })
    expect(chat({ system: '' }).messages).toHaveLength(1)
  })

  it('goes on as it came: a prefill, a system message within; turns of the user in a row are one', () => {
    const rest = [
      { role: 'system', content: 'C' },
      { role: 'assistant', content: 'The answer is (' },
    ]
    const messages = [{ role: 'user', content: 'A' }, { role: 'user', content: 'B' }, ...rest]
    expect(chat({ messages }).messages).toEqual([{ role: 'user', content: 'A\n\nB' }, ...rest])
    const seen = [{ role: 'user', content: [text('See'), png] }, ...messages.slice(1, 2)]
    expect(chat({ messages: seen }).messages).toEqual([
      { role: 'user', content: [text('See'), shown, text('B')] },
    ])
  })

  it('has images and documents', () => {
    const url = { type: 'image', source: { type: 'url', url: 'https://a/b.png' } }
    expect(turn(text('See'), png, url)).toEqual([
      {
        role: 'user',
        content: [text('See'), shown, { type: 'image_url', image_url: { url: 'https://a/b.png' } }],
      },
    ])
    const source = { type: 'text', media_type: 'text/plain', data: 'Words.' }
    expect(turn({ type: 'document', source, title: 'T', context: 'C' })).toEqual([
      { role: 'user', content: [text('T\n\n'), text('C\n\n'), text('Words.')] },
    ])
    const parts = { type: 'content', content: [text('a'), png] }
    expect(turn({ type: 'document', source: parts })).toEqual([
      { role: 'user', content: [text('a'), shown] },
    ])
    const pdf = { type: 'base64', media_type: 'application/pdf', data: 'AAAA' }
    expect(turn({ type: 'document', source: pdf, title: 'a.pdf' })[0]?.content).toContainEqual({
      type: 'file',
      file: { filename: 'a.pdf', file_data: 'data:application/pdf;base64,AAAA' },
    })
    const found = { type: 'search_result', source: 'https://a', title: 'T', content: [text('a')] }
    expect(turn(found)).toEqual([{ role: 'user', content: 'T\nhttps://a\na' }])
  })

  it('has what was thought and called, and drops what is redacted', () => {
    const content = [
      { type: 'thinking', thinking: 'Hm.', signature: '' },
      { type: 'redacted_thinking', data: 'x' },
      text('Well'),
      text('.'),
      { type: 'tool_use', id: 'a', name: 'f', input: { x: 1 } },
    ]
    expect(
      chat({ messages: [...base.messages, { role: 'assistant', content }] }).messages[1],
    ).toEqual({
      role: 'assistant',
      content: 'Well.',
      reasoning: 'Hm.',
      reasoning_content: 'Hm.',
      tool_calls: [{ id: 'a', type: 'function', function: { name: 'f', arguments: '{"x":1}' } }],
    })
    const only = [content[4]]
    const messages = [...base.messages, { role: 'assistant', content: only }]
    expect(chat({ messages }).messages[1]).toMatchObject({
      content: null,
      tool_calls: [{ id: 'a' }],
    })
  })

  it('has the results of tools before what the user says, and their images there', () => {
    const result = (id: string, more: object) => ({ type: 'tool_result', tool_use_id: id, ...more })
    const messages = turn(
      text('Look.'),
      result('a', { content: 'A' }),
      result('b', { content: [text('B'), png] }),
      result('c', { content: [text('no such file')], is_error: true }),
      result('d', {}),
    )
    expect(messages).toEqual([
      { role: 'tool', tool_call_id: 'a', content: 'A' },
      { role: 'tool', tool_call_id: 'b', content: 'B' },
      { role: 'tool', tool_call_id: 'c', content: 'Error: no such file' },
      { role: 'tool', tool_call_id: 'd', content: '' },
      { role: 'user', content: [text('Look.'), shown] },
    ])
    expect(turn(result('a', { content: 'A' }))).toHaveLength(1)
  })
})
