import { describe, expect, it } from 'vitest'
import { toEncryptedContent } from '../../../../src/dialects/responses/encrypted-content.ts'
import { call, called, chatOf, go, output, said, thought, told } from './asked.ts'

describe('a conversation', () => {
  it.each<[string, object[], object[]]>([
    [
      'gathers what one turn thought, said and called',
      [go, thought('Hm.'), said('Yes.'), call('a'), call('b'), output('a'), output('b'), go],
      [
        go,
        {
          role: 'assistant',
          content: 'Yes.',
          reasoning_content: 'Hm.',
          tool_calls: called('a', 'b'),
        },
        told('a'),
        told('b'),
        go,
      ],
    ],
    [
      'keeps a turn of each call where outputs stand between them',
      [go, call('a'), output('a'), call('b'), output('b')],
      [
        go,
        { role: 'assistant', content: null, tool_calls: called('a') },
        told('a'),
        { role: 'assistant', content: null, tool_calls: called('b') },
        told('b'),
      ],
    ],
    [
      'puts nothing between a call and its output',
      [go, call('a'), said('Wait.'), output('a')],
      [go, { role: 'assistant', content: 'Wait.', tool_calls: called('a') }, told('a')],
    ],
    [
      'keeps two answers apart',
      [said('One.'), said('Two.')],
      [
        { role: 'assistant', content: 'One.' },
        { role: 'assistant', content: 'Two.' },
      ],
    ],
    [
      'keeps each thought with what followed it',
      [thought('A.'), said('One.'), thought('B.'), said('Two.')],
      [
        { role: 'assistant', content: 'One.', reasoning_content: 'A.' },
        { role: 'assistant', content: 'Two.', reasoning_content: 'B.' },
      ],
    ],
    [
      'takes a summary, or what a client carried, for the thought',
      [
        { type: 'reasoning', summary: [{ type: 'summary_text', text: 'S.' }] },
        said('One.'),
        { type: 'reasoning', summary: [], encrypted_content: toEncryptedContent('C.') },
        said('Two.'),
      ],
      [
        { role: 'assistant', content: 'One.', reasoning_content: 'S.' },
        { role: 'assistant', content: 'Two.', reasoning_content: 'C.' },
      ],
    ],
    [
      'knows a developer as the system',
      [{ role: 'developer', content: 'Be.' }, { role: 'system', content: 'Kind.' }, go],
      [{ role: 'system', content: 'Be.' }, { role: 'system', content: 'Kind.' }, go],
    ],
    [
      'keeps a refusal one',
      [{ type: 'message', role: 'assistant', content: [{ type: 'refusal', refusal: 'No.' }] }, go],
      [{ role: 'assistant', content: null, refusal: 'No.' }, go],
    ],
    [
      'passes images, files and sounds on',
      [
        {
          role: 'user',
          content: [
            { type: 'input_text', text: 'See.' },
            { type: 'input_image', image_url: 'https://a.example/b.png', detail: 'low' },
            { type: 'input_file', file_data: 'AA==', filename: 'a.pdf' },
            { type: 'input_audio', input_audio: { data: 'AA==', format: 'wav' } },
          ],
        },
      ],
      [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'See.' },
            { type: 'image_url', image_url: { url: 'https://a.example/b.png', detail: 'low' } },
            { type: 'file', file: { file_data: 'AA==', filename: 'a.pdf' } },
            { type: 'input_audio', input_audio: { data: 'AA==', format: 'wav' } },
          ],
        },
      ],
    ],
    [
      'takes the output of a call in parts',
      [
        call('a'),
        output('a', [
          { type: 'input_text', text: 'x' },
          { type: 'input_image', image_url: 'https://a.example/b.png' },
        ]),
      ],
      [
        { role: 'assistant', tool_calls: called('a') },
        told('a', 'x'),
        {
          role: 'user',
          content: [{ type: 'image_url', image_url: { url: 'https://a.example/b.png' } }],
        },
      ],
    ],
  ])('%s', async (_, input, messages) => {
    const chat = await chatOf({ input })
    expect(chat.messages).toHaveLength(messages.length)
    expect(chat.messages).toMatchObject(messages)
  })
})
