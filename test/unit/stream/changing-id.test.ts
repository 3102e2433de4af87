import fc from 'fast-check'
import { expect, it } from 'vitest'
import { EventReader } from '../../../src/stream/event-reader.ts'
import { FrameSink } from '../../../src/stream/event-sinks.ts'
import { concat } from '../../../src/util/bytes.ts'
import { ChatContract } from '../../../src/wire/contract/chat.ts'
import { encodeText } from '../../../src/wire/sse/sse.ts'

const envelope = { object: 'chat.completion.chunk', created: 1, model: 'm' }

/** Ids that stay for a while and change: some frames are proven by comparing, some are not. */
const pieces = fc.array(
  fc.record({
    id: fc.constantFrom('a', 'a', 'a', 'a', 'b', 'c'),
    content: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 5 }),
  }),
  { minLength: 1, maxLength: 30 },
)

function frameOf(id: string, content: string): string {
  const choices = [{ index: 0, delta: { role: 'assistant', content }, finish_reason: null }]
  return `data: ${JSON.stringify({ id, ...envelope, choices })}\n\n`
}

function forward(bytes: Uint8Array<ArrayBuffer>, places: number[]) {
  const contract = new ChatContract({ label: 'gpu' })
  const sink = new FrameSink()
  const reader = new EventReader(contract, sink, true)
  const ends = [...new Set(places.map((place) => place % bytes.length))].sort((a, b) => a - b)
  const parts: Uint8Array<ArrayBuffer>[] = []
  for (const [at, end] of [...ends, bytes.length].entries()) {
    reader.push(bytes.slice(ends[at - 1] ?? 0, end))
    parts.push(...(sink.take() ?? []))
  }
  return { contract, reader, text: new TextDecoder().decode(concat(parts)) }
}

it('an id that changes now and then is the first one in every frame, however it is cut', () => {
  fc.assert(
    fc.property(pieces, fc.array(fc.nat(), { maxLength: 30 }), (said, places) => {
      const sent = said.map(({ id, content }) => frameOf(id, content)).join('')
      const { contract, reader, text } = forward(encodeText(sent), places)
      const first = said[0]?.id ?? ''
      expect(reader.failure).toBeUndefined()
      expect(text).toBe(said.map(({ content }) => frameOf(first, content)).join(''))
      expect(contract.repaired.has('id')).toBe(said.some(({ id }) => id !== first))
      expect(contract.tokens).toBe(said.length)
    }),
  )
})
