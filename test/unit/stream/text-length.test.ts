import { expect, it } from 'vitest'
import { EventReader } from '../../../src/stream/event-reader.ts'
import { FrameSink } from '../../../src/stream/event-sinks.ts'
import { ChatContract } from '../../../src/wire/contract/chat.ts'
import { encodeText } from '../../../src/wire/sse/sse.ts'

/** What a contract counts of these texts, each in a frame, where frames may be proven or not. */
function countOf(texts: string[], compares: boolean) {
  const contract = new ChatContract({ label: 'x' })
  const sink = new FrameSink()
  const reader = new EventReader(contract, sink, compares)
  const envelope = { id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm' }
  const frames = texts.map((content) => {
    const choices = [{ index: 0, delta: { role: 'assistant', content }, finish_reason: null }]
    return `data: ${JSON.stringify({ ...envelope, choices })}\n\n`
  })
  for (const packet of [...frames, frames.join('')]) {
    reader.push(encodeText(packet))
    sink.take()
  }
  return { tokens: contract.tokens, length: contract.textLength }
}

const texts = ['a', 'token', 'x'.repeat(3_000), ' b', 'c'.repeat(90), ...Array(200).fill('word')]

it('counts bytes of UTF-8, of transcripts of sound too, unless no limit needs them', () => {
  const lengthOf = (delta: object, countsText = true) => {
    const contract = new ChatContract({ label: 'x' })
    contract.countsText = countsText
    const choices = [{ index: 0, delta, finish_reason: null }]
    contract.check({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices })
    return contract.textLength
  }
  expect(lengthOf({ content: '語'.repeat(400) })).toBe(1_200)
  expect(lengthOf({ audio: { transcript: 'Yes.', data: 'A'.repeat(400) } })).toBe(4)
  expect(lengthOf({ content: '語' }, false)).toBe(0)
})

it('counts how long an answer is, whether its frames are parsed or proven', () => {
  const length = 2 * texts.join('').length
  expect(countOf(texts, false)).toEqual({ tokens: 2 * texts.length, length })
  expect(countOf(texts, true)).toEqual({ tokens: 2 * texts.length, length })
})
