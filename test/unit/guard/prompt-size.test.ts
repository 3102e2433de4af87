import { describe, expect, it } from 'vitest'
import { promptSize } from '../../../src/guard/prompt-size.ts'

const tokens = (content: unknown) => {
  const { tokens: all } = promptSize({ conversation: [{ role: 'user', content }] })
  // Less the role, and what a template adds.
  return all - promptSize({ conversation: [{ role: 'user' }] }).tokens
}

function png(width: number, height: number, length = 0): string {
  const bytes = Buffer.alloc(33 + length)
  bytes.write('89504e470d0a1a0a0000000d49484452', 'hex')
  bytes.writeUInt32BE(width, 16)
  bytes.writeUInt32BE(height, 20)
  return bytes.toString('base64')
}

const long = 'x'.repeat(40_000)
/** What is no base64. */
const words = 'a longer '.repeat(4_445)

describe('text is counted as text', () => {
  it.each<[string, unknown]>([
    ['a text', long],
    ['a text that starts like a data URL', `data:${long}`],
    ['a text that starts like an image', `data:image/png;base64,${long}`],
    ['a part', [{ type: 'text', text: `data:image/png;base64,${long}` }]],
    ['a part of the Responses API', [{ type: 'input_text', text: long }]],
    ['a part of a type of another API', [{ type: 'base64', data: words }]],
    ['a part without a type', [{ text: long }]],
    ['an image whose URL is a text', [{ type: 'image_url', image_url: { url: words } }]],
    [
      'an image of a type that is none',
      [{ type: 'image_url', image_url: `data:text/plain,${long}` }],
    ],
    ['a field of an image', [{ type: 'image_url', image_url: 'https://a.b/', alt: long }]],
    ['a document of text', [{ type: 'document', source: { type: 'text', data: long } }]],
    ['a document of parts', [{ type: 'document', source: { type: 'content', content: long } }]],
    ['a title', [{ type: 'document', source: { type: 'url', url: 'https://a.b' }, title: long }]],
    ['the result of a tool', [{ type: 'tool_result', content: `data:${long}` }]],
    ['parts of it', [{ type: 'tool_result', content: [{ type: 'text', text: long }] }]],
    ['the input of a tool', [{ type: 'tool_use', input: { type: 'base64', data: long } }]],
    ['the name of a field', [{ type: 'tool_use', input: { [long]: 1 } }]],
    ['thinking', [{ type: 'thinking', thinking: long }]],
    ['a video, as the JSON that it is', [{ type: 'video_url', video_url: { url: words } }]],
    ['a text in a part for media', [{ type: 'video_url', text: long }]],
    ['a text within its media', [{ type: 'video', video: { text: long } }]],
    ['a URL of data that is none', [{ type: 'video_url', video_url: `data:video/mp4,${words}` }]],
    ['an image that is base64 in a text', [{ type: 'text', text: '', image_url: long }]],
  ])('%s', (_what, content) => {
    expect(tokens(content)).toBeGreaterThanOrEqual(10_000)
    expect(tokens(content)).toBeLessThan(13_100)
  })

  it.each(['role', 'name', 'reasoning_content', 'tool_call_id', 'tool_calls', 'arguments'])(
    '%s of a message',
    (field) => {
      const size = promptSize({ conversation: [{ [field]: `data:${long}` }] })
      expect(size.tokens).toBeGreaterThanOrEqual(10_000)
    },
  )

  it.each(['tools', 'system', 'instructions', 'response_format', 'documents', 'chat_template'])(
    '%s of a request',
    (field) => {
      const { tokens: size } = promptSize({
        body: { [field]: [{ type: 'base64', description: long }] },
      })
      expect(size).toBeGreaterThanOrEqual(10_000)
    },
  )

  it('and other scripts have more tokens per character', () => {
    expect(tokens('語'.repeat(1_000))).toBe(750)
    expect(tokens('é'.repeat(1_000))).toBe(500)
    expect(tokens('\u{1f600}'.repeat(1_000))).toBe(1_000)
    expect(tokens('\u{1f600}'.repeat(20))).toBe(20)
  })

  it('each message has some of its own', () => {
    const conversation = Array(1_000).fill({ role: 'user', content: '' })
    expect(promptSize({ conversation }).tokens).toBeGreaterThanOrEqual(4_000)
  })

  it('of inputs each id is a token', () => {
    expect(promptSize({ inputs: [1, 2, 3] }).tokens).toBe(3)
    expect(promptSize({ inputs: [[1, 2], [3]] }).tokens).toBe(3)
    expect(promptSize({ inputs: ['x'.repeat(40), [1]] }).tokens).toBe(11)
    expect(promptSize({}).tokens).toBe(0)
  })
})

describe('an image is counted by its pixels', () => {
  const places: Record<string, (base64: string) => unknown> = {
    chat: (data) => [{ type: 'image_url', image_url: { url: `data:image/png;base64,${data}` } }],
    'a URL alone': (data) => [{ type: 'image_url', image_url: `data:image/png;base64,${data}` }],
    'base64 alone': (data) => [{ type: 'image_url', image_url: { url: data } }],
    Responses: (data) => [{ type: 'input_image', image_url: `data:image/png;base64,${data}` }],
    Messages: (data) => [
      { type: 'image', source: { type: 'base64', media_type: 'image/png', data } },
    ],
    'the result of a tool': (data) => [
      {
        type: 'tool_result',
        content: [{ type: 'image', source: { type: 'base64', media_type: 'image/png', data } }],
      },
    ],
    'a document of parts': (data) => [
      {
        type: 'document',
        source: { type: 'content', content: [{ type: 'image', source: { type: 'base64', data } }] },
      },
    ],
  }

  it.each(Object.entries(places))('in %s', (_place, part) => {
    // Squares of 28 pixels: 36 × 36, and some text around it.
    const size = tokens(part(png(1_008, 1_000, 90_000)))
    expect(size).toBeGreaterThanOrEqual(1_296)
    expect(size).toBeLessThan(1_330)
  })

  it('in the output of a call, and in a screenshot', () => {
    const image_url = `data:image/png;base64,${png(1_008, 1_000, 90_000)}`
    const outputs = [
      [{ type: 'input_image', image_url }],
      { type: 'computer_screenshot', image_url },
    ]
    for (const output of outputs) {
      const size = promptSize({ conversation: [{ type: 'x', output }] }).tokens
      expect(size).toBeGreaterThanOrEqual(1_296)
      expect(size).toBeLessThan(1_330)
    }
  })

  const image = (url: unknown) => tokens([{ type: 'image_url', image_url: { url } }])

  it('within bounds', () => {
    expect(image(`data:image/png;base64,${png(1, 1)}`)).toBe(259)
    expect(image(`data:image/png;base64,${png(60_000, 60_000)}`)).toBe(4_787)
  })

  it('or as a usual one, where its size is not known', () => {
    const urls = [
      'https://a.b/c.png',
      'data:image/svg+xml;base64,PHN2Zz4=',
      'data:image/png;base64,AA',
    ]
    expect(urls.map(image)).toEqual([1_571, 1_571, 1_571])
    expect(tokens([{ type: 'input_image', file_id: 'f' }])).toBeLessThan(1_580)
  })
})

describe('a file is counted by its size', () => {
  const pdf = Buffer.from(`%PDF-1.7${'x'.repeat(80_000)}`).toString('base64')
  const text = Buffer.from(long).toString('base64')

  it.each<[string, unknown, number]>([
    ['a PDF', [{ type: 'document', source: { type: 'base64', data: pdf } }], 10_000],
    [
      'in a chat',
      [{ type: 'file', file: { file_data: `data:application/pdf;base64,${pdf}` } }],
      10_000,
    ],
    ['in Responses', [{ type: 'input_file', file_data: pdf }], 10_000],
    [
      'text as a file',
      [{ type: 'input_file', file_data: `data:text/plain;base64,${text}` }],
      10_000,
    ],
    ['a PDF that is elsewhere', [{ type: 'document', source: { type: 'url', url: 'u' } }], 3_000],
    ['WAV', [{ type: 'input_audio', input_audio: { data: text, format: 'wav' } }], 80],
    ['MP3', [{ type: 'input_audio', input_audio: { data: text, format: 'mp3' } }], 320],
    ['sound that is elsewhere', [{ type: 'input_audio', input_audio: { url: 'u' } }], 1_920],
  ])('%s', (_what, content, least) => {
    expect(tokens(content)).toBeGreaterThanOrEqual(least)
    expect(tokens(content)).toBeLessThan(least * 1.05 + 20)
  })
})

describe('media of servers’ own are counted by their size, with a limit', () => {
  const base64 = Buffer.alloc(3_000_000).toString('base64')
  const url = (mime: string) => `data:${mime};base64,${base64}`

  it.each<[string, Record<string, unknown>, number]>([
    ['a video', { type: 'video_url', video_url: { url: url('video/mp4') } }, 6_000],
    ['a video by name', { type: 'input_video', input_video: { data: base64 } }, 6_000],
    ['a long video', { type: 'video', video: base64.repeat(4) }, 16_384],
    ['frames of one', { type: 'video', video: [url('image/jpeg'), url('image/jpeg')] }, 3_136],
    ['a video elsewhere', { type: 'video_url', video_url: { url: 'https://a.b/c' } }, 4_096],
    ['sound', { type: 'audio_url', audio_url: { url: url('audio/wav') } }, 6_000],
    ['compressed sound', { type: 'audio_url', audio_url: { url: url('audio/mp3') } }, 24_000],
    ['an image of Transformers', { type: 'image', image: url('image/png') }, 1_568],
    ['an image without a type', { image_url: { url: url('image/png') } }, 1_568],
    ['an image of any type', { type: 'image_url', image_url: { url: url('a/b') } }, 1_568],
    ['of no type', { type: 'image_url', image_url: { url: url('') } }, 1_568],
    ['after a space', { type: 'image_url', image_url: { url: ` ${url('image/png')}` } }, 1_568],
    ['base64 alone', { type: 'image_url', image_url: { url: base64 } }, 1_568],
    ['embeddings of one', { type: 'image_embeds', image_embeds: base64 }, 1_568],
  ])('%s', (_what, part, least) => {
    expect(tokens([part])).toBeGreaterThanOrEqual(least)
    expect(tokens([part])).toBeLessThan(least + 40)
    const { tokens: all, media, most } = promptSize({ conversation: [{ content: [part] }] })
    expect(media).toBe(least)
    expect(most).toBeGreaterThan(all)
  })
})

it('grows with each thing that is added, and so does what may be counted for it', () => {
  const message = (content: unknown) => ({ conversation: [{ role: 'user', content }] })
  const sizes = ['', 'a'.repeat(90), 'a'.repeat(900), [{ type: 'image', source: {} }]].map(
    (content) => promptSize(message(content)),
  )
  for (const { tokens: size, most } of sizes) expect(most).toBeGreaterThan(size)
  expect(promptSize(message(long)).most).toBeGreaterThan(4 * long.length)
})
