import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ChatAccumulator } from '../../../src/stream/chat-accumulator.ts'
import { EventReader } from '../../../src/stream/event-reader.ts'
import { ChunkSink, FrameSink } from '../../../src/stream/event-sinks.ts'
import { concat } from '../../../src/util/bytes.ts'
import type { ChatChunk, ChunkChoice } from '../../../src/wire/chat/request.ts'
import { ChatContract, type ContractOptions } from '../../../src/wire/contract/chat.ts'
import { ThinkSeparator } from '../../../src/wire/contract/think.ts'
import { encodeText } from '../../../src/wire/sse/sse.ts'

const OPTIONAL = { missing: 'stop', sent: () => {} } as const

const envelope = { id: 'c1', object: 'chat.completion.chunk' as const, created: 1, model: 'm' }

/** Some servers leave `finish_reason` out before the last. */
function chunkOf(
  delta: object,
  finish_reason: 'stop' | 'left out' | null = null,
  index = 0,
): ChatChunk {
  const finish = finish_reason === 'left out' ? {} : { finish_reason }
  return { ...envelope, choices: [{ index, delta: { ...delta }, ...finish } as ChunkChoice] }
}

function frameOf(chunk: ChatChunk): string {
  return `data: ${JSON.stringify(chunk)}\n\n`
}

/** Counts what it judges: frames that were compared never come here. */
class Counting extends ChatContract {
  judged = 0
  override check(value: unknown) {
    this.judged++
    return super.check(value)
  }
}

function contractOf(options: Partial<ContractOptions> = {}): Counting {
  return new Counting({ label: 'x', think: new ThinkSeparator('separate'), ...options })
}

/** The frames a client gets, as text. */
function forward(contract: ChatContract, packets: Uint8Array<ArrayBuffer>[]): string {
  const sink = new FrameSink()
  const reader = new EventReader(contract, sink, true)
  const parts: Uint8Array<ArrayBuffer>[] = []
  for (const packet of packets) {
    reader.push(packet)
    parts.push(...(sink.take() ?? []))
  }
  expect(reader.failure).toBeUndefined()
  expect(reader.ended).toBe(true)
  return new TextDecoder('utf-8', { fatal: true }).decode(concat(parts))
}

function chunksIn(text: string): ChatChunk[] {
  return text
    .split('\n\n')
    .filter((each) => each !== '')
    .map((each) => JSON.parse(each.slice('data: '.length)) as ChatChunk)
}

function cut(bytes: Uint8Array<ArrayBuffer>, places: number[]): Uint8Array<ArrayBuffer>[] {
  const ends = [...new Set(places.map((place) => place % bytes.length))].sort((a, b) => a - b)
  return [...ends, bytes.length].map((end, at, all) => bytes.slice(all[at - 1] ?? 0, end))
}

describe('frames of a model that thinks', () => {
  it('are forwarded without being read, once the thinking is over', () => {
    const words = Array.from({ length: 200 }, (_, at) => chunkOf({ content: ` word ${at}` }))
    const thinking = ['<thi', 'nk>', 'Hm.', '</th', 'ink>'].map((content) => chunkOf({ content }))
    const answer = [...words.map(frameOf)].join('')
    const all = [chunkOf({ role: 'assistant', content: '' }), ...thinking].map(frameOf).join('')
    const end = `${frameOf(chunkOf({}, 'stop'))}data: [DONE]\n\n`
    const contract = contractOf()
    const sent = forward(contract, [encodeText(all + answer + end)])
    expect(sent).toContain(answer)
    expect(sent).not.toContain('think>')
    // Role, five of thinking, the first word, from which the others are proven, and the finish.
    expect(contract.judged).toBe(8)
    expect(contract.tokens).toBe(206)
    expect([...contract.repaired]).toEqual(['think'])
  })

  it('are forwarded as the same bytes where nothing is thought', () => {
    const chunks = [
      chunkOf({ role: 'assistant', content: '' }),
      ...['Use', ' `<think>`', ' and', ' `</think>`.'].map((content) => chunkOf({ content })),
      chunkOf({}, 'stop'),
    ]
    const text = chunks.map(frameOf).join('')
    const contract = contractOf()
    expect(forward(contract, [encodeText(`${text}data: [DONE]\n\n`)])).toBe(text)
    expect(contract.judged).toBe(4)
    expect([...contract.repaired]).toEqual([])
  })

  it('say the same as chunks and as frames, in any cut of texts and packets', () => {
    const thought = fc.string({ unit: 'grapheme', maxLength: 20 })
    const stream = fc.record({
      said: fc.array(fc.tuple(fc.nat(1), thought, thought), { minLength: 1, maxLength: 2 }),
      cuts: fc.array(fc.nat(), { maxLength: 12 }),
      places: fc.array(fc.nat(), { maxLength: 12 }),
      open: fc.constantFrom(null, 'left out' as const),
    })
    const property = fc.property(stream, ({ said, cuts, places, open }) => {
      const choices = said.map(([thinks, reasoning, content], index) => {
        const hasThought = thinks === 1 && !reasoning.includes('</think>')
        const text = hasThought ? `<think>${reasoning}</think>${content}` : `.${content}`
        const parts = cut(encodeText('x'.repeat(text.length + 1)), cuts).map(({ length }) => length)
        let at = 0
        const pieces = parts.map((length) => {
          at += length
          return text.slice(at - length, at)
        })
        const expected = hasThought ? { reasoning, content } : { reasoning: '', content: text }
        return { expected, chunks: pieces.map((content) => chunkOf({ content }, open, index)) }
      })
      const chunks = [
        ...choices.map((_, index) => chunkOf({ role: 'assistant', content: '' }, null, index)),
        ...choices.flatMap((each) => each.chunks),
        ...choices.map((_, index) => chunkOf({}, 'stop', index)),
      ]
      const bytes = encodeText(`${chunks.map(frameOf).join('')}data: [DONE]\n\n`)
      const sink = new ChunkSink<ChatChunk>()
      const reader = new EventReader(contractOf(), sink, false)
      for (const packet of cut(bytes, places)) reader.push(packet)
      const framed = chunksIn(forward(contractOf(), cut(bytes, places)))
      expect(framed).toEqual(sink.take())
      const fold = new ChatAccumulator()
      for (const chunk of framed) fold.add(chunk)
      const folded = fold.completion().choices.map(({ message }) => ({
        reasoning: message.reasoning_content ?? '',
        content: message.content,
      }))
      expect(folded).toEqual(choices.map(({ expected }) => expected))
    })
    fc.assert(property, { numRuns: 500 })
  })

  it('give what was held where a lenient upstream forgot the finish', () => {
    const chunks = [chunkOf({ role: 'assistant', content: 'a' }), chunkOf({ content: '' })]
    const held = chunkOf({ role: 'assistant', content: '<thi' })
    const bytes = (all: ChatChunk[]) => encodeText(`${all.map(frameOf).join('')}data: [DONE]\n\n`)
    expect(forward(contractOf({ finishReason: OPTIONAL }), [bytes(chunks)])).toContain('"a"')
    const last = chunksIn(forward(contractOf({ finishReason: OPTIONAL }), [bytes([held])])).at(-1)
    expect(last?.choices).toEqual([{ index: 0, delta: { content: '<thi' }, finish_reason: 'stop' }])
  })
})
