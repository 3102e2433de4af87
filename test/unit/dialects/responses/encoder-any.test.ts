import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ChatAccumulator } from '../../../../src/stream/chat-accumulator.ts'
import type { ChunkDelta, FinishReason } from '../../../../src/wire/chat/request.ts'
import { ChatContract } from '../../../../src/wire/contract/chat.ts'
import { ApiError } from '../../../../src/wire/errors/api-error.ts'
import { lintResponse, readResponses } from '../../../support/responses.ts'
import { chunkOf, encoderOf } from './told.ts'

const piece = fc.string({ unit: 'grapheme', maxLength: 6 })

interface Said {
  delta: ChunkDelta
}

/** What an engine may say, in any order: parallel calls take turns too. */
export const delta: fc.Arbitrary<Said> = fc.oneof(
  piece.map((content) => ({ delta: { content } })),
  piece.map((reasoning_content) => ({ delta: { reasoning_content } })),
  piece.map((reasoning) => ({ delta: { reasoning } })),
  piece.map((refusal) => ({ delta: { refusal } })),
  fc.tuple(fc.nat(3), piece, fc.boolean(), fc.boolean()).map(([index, text, hasId, hasName]) => ({
    delta: {
      tool_calls: [
        {
          index,
          ...(hasId && { id: `call_${index}`, type: 'function' }),
          function: { ...(hasName && { name: `tool ${index}` }), arguments: text },
        },
      ],
    },
  })),
)

const finish = fc.constantFrom<FinishReason>('stop', 'length', 'tool_calls', 'content_filter')

describe('for any chunks', () => {
  interface Plan {
    said: Said[]
    finish: FinishReason
    summary: boolean
    batch: number
    pings: number[]
  }
  const conversation: fc.Arbitrary<Plan> = fc.record({
    said: fc.array(delta, { maxLength: 30 }),
    finish,
    summary: fc.boolean(),
    batch: fc.integer({ min: 1, max: 5 }),
    pings: fc.array(fc.nat(30), { maxLength: 3 }),
  })
  const shown = (calls: ({ name?: string; arguments?: string } | undefined)[]) =>
    calls.map((call) => `${call?.name ?? ''} ${call?.arguments ?? ''}`).sort()

  function play({ said, finish, summary, batch, pings }: Plan) {
    const encoder = encoderOf(summary ? { reasoning: { summary: 'auto' } } : {})
    const contract = new ChatContract({ label: 'x', source: 'engine' })
    const fold = new ChatAccumulator()
    const chunks = [...said.map(({ delta }) => chunkOf(delta)), chunkOf({}, finish)]
    let text = ''
    for (let at = 0; at < chunks.length; at += batch) {
      if (pings.includes(at)) text += encoder.ping()
      const some = structuredClone(chunks.slice(at, at + batch))
      for (const chunk of some) {
        contract.check(chunk)
        fold.add(structuredClone(chunk))
      }
      text += encoder.chunks(some)
    }
    return { read: readResponses(text + encoder.done()), folded: fold.completion(), encoder }
  }

  it('tells what they said, by the rules of the API', () => {
    const property = fc.property(conversation, (plan) => {
      const { read, folded } = play(plan)
      const message = folded.choices[0]?.message
      expect(read.problems).toEqual([])
      expect(read.text).toBe(message?.content ?? '')
      expect(read.refusal).toBe(message?.refusal ?? '')
      const thought = plan.said.map(({ delta }) => delta.reasoning_content || delta.reasoning || '')
      expect(read.reasoning).toBe(thought.join(''))
      expect(shown(read.calls)).toEqual(
        shown((message?.tool_calls ?? []).map((call) => call.function)),
      )
      const isWhole = plan.finish === 'stop' || plan.finish === 'tool_calls'
      expect(read.outcome).toBe(isWhole ? 'completed' : 'incomplete')
      expect(read.usage).toMatchObject({ input_tokens: 7, output_tokens: 5, total_tokens: 12 })
    })
    fc.assert(property, { numRuns: 300 })
  })

  it('tells the same as a whole answer, except for the order of its parts', () => {
    const property = fc.property(conversation, (plan) => {
      const { read, folded } = play({ ...plan, pings: [] })
      const whole = encoderOf().answer(structuredClone(folded))
      expect(lintResponse(whole)).toEqual([])
      const texts = whole.output.flatMap((item) => (item.type === 'message' ? item.content : []))
      expect(texts.map((part) => part.text ?? '').join('')).toBe(read.text)
      expect(texts.map((part) => part.refusal ?? '').join('')).toBe(read.refusal)
      const calls = whole.output.filter((item) => item.type === 'function_call')
      expect(shown(calls)).toEqual(shown(read.calls))
      expect(whole.status).toBe(read.outcome)
    })
    fc.assert(property, { numRuns: 150 })
  })

  it('fails at any moment in one way, and last', () => {
    const property = fc.property(fc.array(delta, { maxLength: 12 }), (said) => {
      const encoder = encoderOf()
      const text = said.map(({ delta }) => encoder.chunks([chunkOf(delta)])).join('')
      const error = new ApiError(502, 'It broke.', { code: 'upstream_truncated' })
      const read = readResponses(text + encoder.error(error))
      expect(read.problems).toEqual([])
      expect(read.outcome).toBe('failed')
      expect(read.error).toMatchObject({ code: 'upstream_truncated', message: 'It broke.' })
      const { output } = read.response as { output: { status: string }[] }
      expect(output.some(({ status }) => status === 'in_progress')).toBe(false)
    })
    fc.assert(property, { numRuns: 100 })
  })
})
