import fc from 'fast-check'
import { expect, it } from 'vitest'
import { ChunkWriter } from '../../../../src/wire/chat/chunk-writer.ts'
import type { ChatChunk } from '../../../../src/wire/chat/request.ts'

/** What could be taken for the end of a text, or for a sign to whoever replaces one. */
const sign = fc.constantFrom('"', ',', ',0,', '\\', '$', '&', '\n')
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 8 }),
  fc.string({ unit: sign, maxLength: 8 }),
)

/** Chunks that are plain, nearly plain, or anything but: a stream mixes them. */
const chunk = fc
  .record({
    id: fc.constantFrom('a', 'b"', '$&'),
    created: fc.constantFrom(1, 2),
    model: fc.constantFrom('m', 'n'),
    choices: fc.array(
      fc.record(
        {
          index: fc.nat(1),
          delta: fc.record({ content: text, role: text, reasoning: text }, { requiredKeys: [] }),
          finish_reason: fc.constantFrom(null, 'stop' as const),
          logprobs: fc.constant(null),
        },
        { requiredKeys: ['index', 'delta', 'finish_reason'] },
      ),
      { maxLength: 2 },
    ),
    more: fc.option(text),
  })
  .map(
    ({ id, created, model, choices, more }): ChatChunk => ({
      id,
      object: 'chat.completion.chunk',
      created,
      model,
      choices,
      ...(more !== null && { more }),
    }),
  )

it('writes what a JSON serialiser would', () => {
  fc.assert(
    fc.property(fc.array(fc.array(chunk, { maxLength: 12 }), { maxLength: 3 }), (batches) => {
      const writer = new ChunkWriter()
      for (const batch of batches) {
        const frames = writer.write(batch).split('\n\n')
        expect(frames.pop()).toBe('')
        expect(frames.every((frame) => frame.startsWith('data: ') && !frame.includes('\n'))).toBe(
          true,
        )
        const read = frames.map((frame) => JSON.parse(frame.slice(6)))
        expect(read).toEqual(JSON.parse(JSON.stringify(batch)))
      }
    }),
    { numRuns: 1_000 },
  )
})

it('writes a run of texts, whatever is in them', () => {
  const ids = fc.constantFrom('a', '$&', "$'", '","')
  fc.assert(
    fc.property(ids, fc.array(text, { maxLength: 20 }), (id, texts) => {
      const chunks = texts.map(
        (content): ChatChunk => ({
          id,
          object: 'chat.completion.chunk',
          created: 1,
          model: 'm',
          choices: [{ index: 0, delta: { content }, finish_reason: null }],
        }),
      )
      const alone = chunks.map((each) => `data: ${JSON.stringify(each)}\n\n`).join('')
      expect(new ChunkWriter().write(chunks)).toBe(alone)
    }),
    { numRuns: 1_000 },
  )
})
