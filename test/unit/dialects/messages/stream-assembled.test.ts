import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ChatAccumulator } from '../../../../src/stream/chat-accumulator.ts'
import { EventReader } from '../../../../src/stream/event-reader.ts'
import { ChunkSink } from '../../../../src/stream/event-sinks.ts'
import type { ChatChunk } from '../../../../src/wire/chat/request.ts'
import { ChatContract } from '../../../../src/wire/contract/chat.ts'
import { encodeText } from '../../../../src/wire/sse/sse.ts'
import { Message, readMessages } from '../../../support/message-stream.ts'
import { call, conversation, counts, says, tell } from './told.ts'

/** The same of an upstream's bytes, cut anywhere. */
function tellCut(chunks: ChatChunk[], places: number[]) {
  const encoder = conversation().encoder()
  const sink = new ChunkSink<ChatChunk>()
  const contract = new ChatContract({ label: 'x', usage: true })
  const reader = new EventReader(contract, sink, false)
  const text = chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`).join('')
  const bytes = encodeText(`${text}data: [DONE]\n\n`)
  const ends = [...new Set(places.map((at) => at % bytes.length))].sort((a, b) => a - b)
  let told = ''
  for (const [i, end] of [...ends, bytes.length].entries()) {
    reader.push(bytes.slice(ends[i - 1] ?? 0, end))
    told += encoder.chunks(sink.take() ?? [])
  }
  expect(reader).toMatchObject({ failure: undefined, ended: true })
  return readMessages(told + encoder.done())
}

/** Pieces in the order of a model: thoughts, words, calls; those of calls come in any order. */
export const pieces = fc.record({
  thinking: fc.array(fc.string({ unit: 'binary', maxLength: 6 }), { maxLength: 4 }),
  text: fc.array(fc.string({ unit: 'binary', maxLength: 6 }), { maxLength: 5 }),
  inputs: fc.array(fc.dictionary(fc.string({ maxLength: 4 }), fc.jsonValue(), { maxKeys: 3 }), {
    maxLength: 3,
  }),
  cuts: fc.array(fc.nat(), { maxLength: 12 }),
  order: fc.infiniteStream(fc.nat()),
  isInTurn: fc.boolean(),
  field: fc.constantFrom('reasoning', 'reasoning_content'),
  places: fc.array(fc.nat(), { maxLength: 30 }),
})

describe('what a client assembles', () => {
  it('is what the engine said, in whatever pieces and order it came', () => {
    fc.assert(
      fc.property(pieces, ({ thinking, text, inputs, cuts, order, isInTurn, field, places }) => {
        const jsons = inputs.map((input) => JSON.stringify(input))
        const chunks: ChatChunk[] = [
          says({ role: 'assistant', content: '' }),
          ...thinking.map((piece) => says({ [field]: piece })),
          ...text.map((content) => says({ content })),
          ...callPieces(jsons, cuts, isInTurn, order),
          says({}, inputs.length > 0 ? 'tool_calls' : 'stop'),
          counts({ prompt_tokens: 7, completion_tokens: 3, total_tokens: 10 }),
        ]
        const read = tellCut(chunks, places)
        expect(read.problems).toEqual([])
        expect(read.outcome).toBe('finished')
        const of = (type: string) => read.blocks.filter((block) => block.type === type)
        expect(
          of('thinking')
            .map((block) => block.thinking)
            .join(''),
        ).toBe(thinking.join(''))
        expect(
          of('text')
            .map((block) => block.text)
            .join(''),
        ).toBe(text.join(''))
        expect(of('tool_use').map(({ id, name, json }) => [id, name, json])).toEqual(
          jsons.map((json, index) => [`call_${index}`, `tool${index}`, json]),
        )
        expect(read.stop?.stop_reason).toBe(inputs.length > 0 ? 'tool_use' : 'end_turn')
        expect(read.usage).toMatchObject([
          { input_tokens: 0, output_tokens: 0 },
          { input_tokens: 7, output_tokens: 3, cache_read_input_tokens: null },
        ])
      }),
      { numRuns: 500 },
    )
  })

  it('is the same from a stream and from the whole answer', () => {
    fc.assert(
      fc.property(pieces, ({ thinking, text, inputs, cuts, order, isInTurn, field }) => {
        const jsons = inputs.map((input) => JSON.stringify(input))
        const chunks = [
          says({ role: 'assistant', content: '' }),
          ...thinking.map((piece) => says({ [field]: piece })),
          ...text.map((content) => says({ content })),
          ...callPieces(jsons, cuts, isInTurn, order),
          says({}, inputs.length > 0 ? 'tool_calls' : 'stop'),
        ]
        const streamed = tell([chunks])
        const fold = new ChatAccumulator()
        for (const chunk of structuredClone(chunks)) fold.add(chunk)
        const whole = Message.parse(conversation().answer(fold.completion()))
        expect(whole.content).toEqual(
          streamed.blocks.map(({ json, ...block }) =>
            block.type === 'tool_use' ? { ...block, input: JSON.parse(json ?? '{}') } : block,
          ),
        )
        expect(whole.stop_reason).toBe(streamed.stop?.stop_reason)
      }),
    )
  })
})

/** Each call's first piece has its id and name; `isInTurn`: one call after the other. */
function callPieces(
  jsons: string[],
  cuts: number[],
  isInTurn: boolean,
  order: Iterable<number>,
): ChatChunk[] {
  const queues = jsons.map((json, index) => {
    const ends = [...new Set(cuts.map((cut) => cut % json.length))].sort((a, b) => a - b)
    const parts = [...ends, json.length].map((end, i, all) => json.slice(all[i - 1] ?? 0, end))
    const first = call(index, '', { id: `call_${index}`, name: `tool${index}` })
    return [first, ...parts.map((part) => call(index, part))]
  })
  if (isInTurn) return queues.flat().map((piece) => says({ tool_calls: [piece] }))
  // All calls are begun in their order, then go on in any.
  const chunks = queues.map((queue) => says({ tool_calls: queue.splice(0, 1) }))
  const picks = order[Symbol.iterator]()
  for (let left = queues.filter((queue) => queue.length > 0); left.length > 0; ) {
    const queue = left[(picks.next().value as number) % left.length] ?? []
    chunks.push(says({ tool_calls: queue.splice(0, 1) }))
    left = left.filter(({ length }) => length > 0)
  }
  return chunks
}
