import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ChatChunk } from '../../../../src/wire/chat/request.ts'
import type { TextChoice, TextChunk } from '../../../../src/wire/completions/request.ts'
import { endOfJsonString } from '../../../../src/wire/json/string.ts'
import { FrameProof } from '../../../../src/wire/sse/proof.ts'
import { encodeText } from '../../../../src/wire/sse/sse.ts'

function chunk(delta: ChatChunk['choices'][0]['delta'], more: Partial<ChatChunk> = {}): ChatChunk {
  return {
    id: 'chatcmpl-1',
    object: 'chat.completion.chunk',
    created: 1_800_000_000,
    model: 'm',
    choices: [{ index: 0, delta, finish_reason: null }],
    ...more,
  }
}

function frameOf(value: ChatChunk): Uint8Array<ArrayBuffer> {
  return encodeText(`data: ${JSON.stringify(value)}\n\n`)
}

function learnt(value: ChatChunk, bytes = frameOf(value)): FrameProof {
  const proof = new FrameProof()
  proof.learn(bytes, 0, bytes.length, value)
  return proof
}

function proves(proof: FrameProof, bytes: Uint8Array<ArrayBuffer>): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  return proof.provenEnd(bytes, view, 0, bytes.length) === bytes.length
}

describe('FrameProof', () => {
  it.each(['content', 'reasoning', 'reasoning_content'])(
    'proves frames that differ in their %s',
    (field) => {
      const proof = learnt(chunk({ [field]: 'Hello' }))
      for (const text of [' world', 'é🦙', '"quoted"', 'a\nb\\c', '\u0000', '\ud800']) {
        expect(proves(proof, frameOf(chunk({ [field]: text })))).toBe(true)
      }
    },
  )

  it('proves frames of a text completion that differ in their text alone', () => {
    const textChunk = (text: string, choice: Partial<TextChoice> = {}): TextChunk => {
      const choices = [{ index: 0, text, logprobs: null, finish_reason: null, ...choice }]
      return { id: 'cmpl-1', object: 'text_completion', created: 1, model: 'm', choices }
    }
    const bytes = (value: TextChunk) => encodeText(`data: ${JSON.stringify(value)}\n\n`)
    const proof = new FrameProof()
    const first = textChunk('Hello')
    proof.learn(bytes(first), 0, bytes(first).length, first)
    expect(proves(proof, bytes(textChunk(' "wörld"\n')))).toBe(true)
    expect(proves(proof, bytes(textChunk('')))).toBe(false)
    expect(proves(proof, bytes(textChunk('a', { index: 1 })))).toBe(false)
    expect(proves(proof, bytes(textChunk('a', { finish_reason: 'stop' })))).toBe(false)
    expect(proves(proof, bytes(textChunk('a', { logprobs: { tokens: ['a'] } })))).toBe(false)
  })

  it('does not prove an empty text, which is no token', () => {
    expect(proves(learnt(chunk({ content: 'a' })), frameOf(chunk({ content: '' })))).toBe(false)
  })

  it('proves nothing before it has learnt, nor after it forgot', () => {
    const proof = new FrameProof()
    expect(proves(proof, frameOf(chunk({ content: 'a' })))).toBe(false)
    const other = learnt(chunk({ content: 'a' }))
    other.forget()
    expect(proves(other, frameOf(chunk({ content: 'b' })))).toBe(false)
  })

  it.each<[string, ChatChunk]>([
    [
      'a finish',
      {
        ...chunk({ content: 'a' }),
        choices: [{ index: 0, delta: { content: 'a' }, finish_reason: 'stop' }],
      },
    ],
    [
      'usage',
      chunk(
        { content: 'a' },
        { usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 } },
      ),
    ],
    ['a tool call', chunk({ content: 'a', tool_calls: [{ index: 0 }] })],
    ['two texts', chunk({ content: 'a', reasoning: 'b' })],
    ['no text', chunk({})],
    ['an empty text', chunk({ content: '' })],
    [
      'two choices',
      {
        ...chunk({}),
        choices: [0, 1].map((index) => ({ index, delta: { content: 'a' }, finish_reason: null })),
      },
    ],
  ])('learns nothing from %s', (_name, value) => {
    expect(proves(learnt(value), frameOf(value))).toBe(false)
  })

  it.each<[string, Partial<ChatChunk>]>([
    ['another id', { id: 'chatcmpl-2' }],
    ['another time', { created: 1_800_000_001 }],
    ['another model', { model: 'n' }],
    ['more fields', { extra: 1 }],
  ])('does not prove a frame with %s', (_name, more) => {
    expect(proves(learnt(chunk({ content: 'a' })), frameOf(chunk({ content: 'a' }, more)))).toBe(
      false,
    )
  })

  it('proves frames whose padding differs too, but for nothing else of them', () => {
    const padded = (content: string, obfuscation: unknown) => chunk({ content }, { obfuscation })
    const proof = learnt(padded('a', 'xyz'))
    expect(proves(proof, frameOf(padded('b', '12345')))).toBe(true)
    expect(proves(proof, frameOf(padded('b', '')))).toBe(true)
    expect(proves(proof, frameOf(padded('', 'x')))).toBe(false)
    expect(proves(proof, frameOf(padded('b', 5)))).toBe(false)
    expect(proves(proof, frameOf(chunk({ content: 'b' })))).toBe(false)
  })

  it('is not misled by a text that looks like a field', () => {
    const value = chunk({ content: 'say "content":"x" and \\"content\\":\\"y\\"' })
    const proof = learnt(value)
    expect(proves(proof, frameOf(chunk({ content: 'other' })))).toBe(true)
  })

  it("learns nothing where the text found is not the delta's", () => {
    const value = chunk({ content: 'a' })
    const bytes = encodeText(
      `data: ${JSON.stringify(value).replace('}]}', '}],"x":{"content":"b"}}')}\n\n`,
    )
    expect(proves(learnt(value, bytes), bytes)).toBe(false)
  })

  it('does not prove what would break out of the text', () => {
    const bytes = frameOf(chunk({ content: '@' }))
    const text = new TextDecoder().decode(bytes)
    const proof = learnt(chunk({ content: '@' }))
    for (const evil of ['a"', '","role":"x', '\\', 'a\nb', '\\x', '\\u12g4', '\u001f']) {
      expect(proves(proof, encodeText(text.replace('@', () => evil)))).toBe(false)
    }
  })

  it('proves the frames of a run up to the first that is another, or is cut', () => {
    const hello = frameOf(chunk({ content: 'Hello' }))
    const bytes = (...deltas: ChatChunk[]) => encodeText(deltas.map(textOf).join(''))
    const textOf = (value: ChatChunk) => new TextDecoder().decode(frameOf(value))
    const [a, b] = [chunk({ content: 'a' }), chunk({ content: 'é\n' })]
    const proof = learnt(chunk({ content: 'Hello' }))
    const runOf = (run: Uint8Array<ArrayBuffer>, start: number, end: number) => {
      const view = new DataView(run.buffer)
      return [proof.provenEnd(run, view, start, end), proof.proven]
    }
    const both = bytes(a, b)
    expect(runOf(both, 0, both.length)).toEqual([both.length, 2])
    const first = frameOf(a).length
    expect(runOf(both, first, both.length)).toEqual([both.length, 1])
    for (let end = 0; end < both.length; end++) {
      expect(runOf(both, 0, end)).toEqual(end < first ? [0, 0] : [first, 1])
    }
    const more = bytes(a, b, chunk({ content: '' }), a)
    expect(runOf(more, 0, more.length)).toEqual([both.length, 2])
    expect(runOf(hello, hello.length, hello.length)).toEqual([hello.length, 0])
  })

  it('does not prove a frame with any byte of it changed, but for those of its text', () => {
    const bytes = frameOf(chunk({ content: 'a' }))
    const proof = learnt(chunk({ content: 'a' }))
    const text = new TextDecoder().decode(bytes).indexOf('"a"') + 1
    for (let i = 0; i < bytes.length; i++) {
      const other = bytes.slice()
      other[i] = (bytes[i] as number) ^ 1
      expect(proves(proof, other)).toBe(i === text)
    }
  })

  it('tries again after many frames in vain', () => {
    const proof = new FrameProof()
    const proven = Array.from({ length: 80 }, (_, i) => {
      const bytes = frameOf(chunk({ content: 'a' }, { changing: `${i}` }))
      proof.learn(bytes, 0, bytes.length, chunk({ content: 'a' }))
      return proves(proof, bytes)
    })
    expect(proven.slice(0, 8)).toEqual(Array(8).fill(true))
  })

  it('proves only what parses to the same chunk with another text', () => {
    const text = fc.string({ unit: 'binary', maxLength: 20 })
    fc.assert(
      fc.property(text, fc.uint8Array({ maxLength: 6 }), fc.nat(), (content, noise, place) => {
        const proof = learnt(chunk({ content: 'a' }))
        const bytes = frameOf(chunk({ content }))
        bytes.set(
          noise.slice(0, bytes.length),
          place % bytes.length > bytes.length - 6 ? 0 : place % bytes.length,
        )
        if (!proves(proof, bytes)) return
        const json = new TextDecoder('utf-8', { fatal: true }).decode(bytes).slice(6, -2)
        const parsed = JSON.parse(json) as ChatChunk
        expect(typeof parsed.choices[0]?.delta.content).toBe('string')
        expect({ ...parsed, choices: [] }).toEqual({ ...chunk({}), choices: [] })
      }),
      { numRuns: 2_000 },
    )
  })
})

describe('endOfJsonText', () => {
  it('agrees with the JSON parser on any bytes', () => {
    const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
    const byte = fc.oneof(
      fc.nat(255),
      fc.constantFrom(0x22, 0x5c, 0x75, 0x41, 0xed, 0xa0, 0x80, 0xf4, 0x8f, 0xe0, 0xc0),
    )
    fc.assert(
      fc.property(fc.array(byte, { maxLength: 10 }), (list) => {
        const bytes = new Uint8Array([0x22, ...list, 0x22])
        let valid = true
        try {
          valid = typeof JSON.parse(decoder.decode(bytes)) === 'string'
        } catch {
          valid = false
        }
        expect(endOfJsonString(bytes, 1, bytes.length) === bytes.length - 1).toBe(valid)
      }),
      { numRuns: 20_000 },
    )
  })
})
