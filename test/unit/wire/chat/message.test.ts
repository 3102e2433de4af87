import { describe, expect, it } from 'vitest'
import { requireChat } from '../../../../src/wire/chat/known-fields.ts'
import type { ChatRequest } from '../../../../src/wire/chat/request.ts'
import { refusal } from './refusal.ts'

const messages = [{ role: 'user', content: 'hi' }]

const text = { type: 'text', text: 'hi', prompt_cache_breakpoint: { mode: 'explicit', ttl: '30m' } }
const image = { type: 'image_url', image_url: { url: 'data:image/png;base64,AA', detail: 'low' } }
const functionCall = { id: '1', type: 'function', function: { name: 'f', arguments: '{}' } }

describe('a message', () => {
  it.each([
    { role: 'developer', content: 'x' },
    { role: 'system', content: [text], name: 'n' },
    { role: 'user', content: '' },
    { role: 'user', content: [] },
    { role: 'user', content: [text, image] },
    { role: 'user', content: [{ type: 'image_url', image_url: 'http://localhost/a.png' }] },
    { role: 'user', content: [{ type: 'input_audio', input_audio: { data: '', format: 'wav' } }] },
    { role: 'user', content: [{ type: 'file', file: { file_id: 'f' } }] },
    { role: 'user', content: [{ type: 'video_url', video_url: { url: 'x' } }] },
    { role: 'assistant' },
    { role: 'assistant', content: null, tool_calls: [functionCall] },
    { role: 'assistant', content: [{ type: 'refusal', refusal: 'no' }], refusal: 'no' },
    {
      role: 'assistant',
      content: 'x',
      tool_calls: null,
      function_call: null,
      audio: null,
      refusal: null,
      annotations: [],
      reasoning_content: 'hm',
    },
    {
      role: 'assistant',
      tool_calls: [{ id: '2', type: 'custom', custom: { name: 'c', input: 'x' } }],
      audio: { id: 'a' },
    },
    { role: 'assistant', function_call: { name: 'f', arguments: '' } },
    { role: 'tool', content: 'x', tool_call_id: '1' },
    { role: 'tool', content: [text, image], tool_call_id: '1' },
    { role: 'function', content: null, name: 'f' },
  ])('%j passes', (message) => {
    const body = { messages: [message] } as ChatRequest
    expect(requireChat(body)).toBe(body)
  })

  it.each<[unknown, string]>([
    ['hi', ''],
    [{}, '.role'],
    [{ content: 'x' }, '.role'],
    [{ role: 'usr', content: 'x' }, '.role'],
    [{ role: 'user' }, '.content'],
    [{ role: 'user', content: null }, '.content'],
    [{ role: 'system', content: 3 }, '.content'],
    [{ role: 'developer', content: {} }, '.content'],
    [{ role: 'user', content: 'x', name: 3 }, '.name'],
    [{ role: 'user', content: ['x'] }, '.content[0]'],
    [{ role: 'user', content: [text, {}] }, '.content[1].type'],
    [{ role: 'user', content: [{ type: 3 }] }, '.content[0].type'],
    [{ role: 'user', content: [{ type: 'text' }] }, '.content[0].text'],
    [{ role: 'user', content: [{ type: 'image_url' }] }, '.content[0].image_url'],
    [
      { role: 'user', content: [{ type: 'image_url', image_url: {} }] },
      '.content[0].image_url.url',
    ],
    [
      { role: 'user', content: [{ type: 'image_url', image_url: { url: '', detail: 'x' } }] },
      '.content[0].image_url.detail',
    ],
    [
      { role: 'user', content: [{ type: 'input_audio', input_audio: { format: 'wav' } }] },
      '.content[0].input_audio.data',
    ],
    [{ role: 'user', content: [{ type: 'file', file: 'x' }] }, '.content[0].file'],
    [
      { role: 'user', content: [{ ...text, prompt_cache_breakpoint: { mode: 'implicit' } }] },
      '.content[0].prompt_cache_breakpoint.mode',
    ],
    [{ role: 'assistant', content: [{ type: 'refusal' }] }, '.content[0].refusal'],
    [{ role: 'assistant', tool_calls: {} }, '.tool_calls'],
    [{ role: 'assistant', tool_calls: [{ ...functionCall, id: 1 }] }, '.tool_calls[0].id'],
    [
      { role: 'assistant', tool_calls: [{ ...functionCall, function: { name: 'f' } }] },
      '.tool_calls[0].function.arguments',
    ],
    [
      { role: 'assistant', tool_calls: [{ id: '1', type: 'custom', custom: { name: 'f' } }] },
      '.tool_calls[0].custom.input',
    ],
    [{ role: 'assistant', function_call: { name: 'f' } }, '.function_call.arguments'],
    [{ role: 'assistant', audio: {} }, '.audio.id'],
    [{ role: 'assistant', refusal: 1 }, '.refusal'],
    [{ role: 'tool', content: 'x' }, '.tool_call_id'],
    [{ role: 'tool', tool_call_id: '1' }, '.content'],
    [{ role: 'function', content: 'x' }, '.name'],
  ])('%j does not, and %s is named', (message, path) => {
    expect(refusal({ messages: [...messages, message] }).param).toBe(`messages[1]${path}`)
  })
})
