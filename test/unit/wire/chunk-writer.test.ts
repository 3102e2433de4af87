import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { ChatChunk } from '../../../src/wire/chat.ts'
import { ChunkWriter } from '../../../src/wire/chunk-writer.ts'

const text = fc.string({ unit: 'binary', maxLength: 8 })

/** Chunks that are plain, nearly plain, or anything but: a stream mixes them. */
const chunk = fc
  .record({
    id: fc.constantFrom('a', 'b"'),
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
    fc.property(fc.array(chunk, { maxLength: 12 }), (chunks) => {
      const writer = new ChunkWriter()
      for (const each of chunks) {
        const written = writer.write(each)
        expect(written.startsWith('data: ') && written.endsWith('\n\n')).toBe(true)
        expect(JSON.parse(written.slice(6, -2))).toEqual(JSON.parse(JSON.stringify(each)))
        expect(written.slice(0, -2)).not.toContain('\n')
      }
    }),
    { numRuns: 1_000 },
  )
})
