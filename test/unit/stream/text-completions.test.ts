import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CompletionEncoder } from '../../../src/dialects/completions/encoder.ts'
import { collectStream } from '../../../src/stream/chat-accumulator.ts'
import { enforceContract } from '../../../src/stream/chat-stream.ts'
import { EventReader } from '../../../src/stream/event-reader.ts'
import { ChunkSink, FrameSink } from '../../../src/stream/event-sinks.ts'
import { TextAccumulator } from '../../../src/stream/text-accumulator.ts'
import { concat } from '../../../src/util/bytes.ts'
import type { TextChoice, TextChunk } from '../../../src/wire/completions/request.ts'
import { TextContract } from '../../../src/wire/contract/completions.ts'
import { encodeText } from '../../../src/wire/sse/sse.ts'
import { lintText } from '../../support/lint-text.ts'
import type { Chunk } from '../../support/read.ts'
import { sseReader } from '../../support/sse.ts'

const envelope = { id: 'c1', object: 'text_completion' as const, created: 1, model: 'm' }
const usage = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 }
const COUNT = 3

interface Said {
  chunks: TextChunk[]
  texts: string[]
  tokens: string[][]
  ends: string[]
}

/** What an engine may say of three choices: pieces in any order, each ended once, nothing after. */
const said: fc.Arbitrary<Said> = fc
  .record({
    pieces: fc.array(
      fc.record({
        index: fc.nat(COUNT - 1),
        text: fc.string({ unit: 'binary', maxLength: 8 }),
        hasLogprobs: fc.boolean(),
        together: fc.boolean(),
      }),
      { maxLength: 20 },
    ),
    ends: fc.array(fc.constantFrom('stop', 'length', 'content_filter'), {
      minLength: COUNT,
      maxLength: COUNT,
    }),
  })
  .map(({ pieces, ends }) => {
    const texts = Array<string>(COUNT).fill('')
    const tokens = Array.from({ length: COUNT }, (): string[] => [])
    const chunks: TextChunk[] = []
    for (const { index, text, hasLogprobs, together } of pieces) {
      texts[index] += text
      if (hasLogprobs) tokens[index]?.push(text)
      const logprobs = hasLogprobs ? { tokens: [text], token_logprobs: [-1] } : null
      const choice: TextChoice = { index, text, logprobs, finish_reason: null }
      const last = chunks.at(-1)
      if (together && last) last.choices.push(choice)
      else chunks.push({ ...envelope, choices: [choice] })
    }
    for (const [index, reason] of ends.entries()) {
      const finish_reason = reason as TextChoice['finish_reason']
      chunks.push({ ...envelope, choices: [{ index, text: '', logprobs: null, finish_reason }] })
    }
    return { chunks: [...chunks, { ...envelope, choices: [], usage }], texts, tokens, ends }
  })

function contract(usage: boolean): TextContract {
  const options = { label: 'x', choices: COUNT, prompts: COUNT, usage, usageRequested: true }
  return new TextContract(options)
}

/** What a client puts together, and what was wrong with how it was told. */
function assemble(bytes: Uint8Array, usage: boolean) {
  const sse = sseReader()
  sse.push(bytes, 0)
  sse.end()
  const chunks = sse.events.flatMap(({ data }) =>
    data === '[DONE]' ? [] : [JSON.parse(data) as Chunk],
  )
  const texts = Array<string>(COUNT).fill('')
  const ends = Array<string>(COUNT)
  for (const { index, text, finish_reason } of chunks.flatMap((chunk) => chunk.choices ?? [])) {
    texts[index] += String(text)
    if (finish_reason) ends[index] = finish_reason
  }
  const problems = [...sse.problems, ...lintText(sse.events, chunks, { usage, choices: COUNT })]
  return { texts, ends, problems, usage: chunks.at(-1)?.usage }
}

function frames(chunks: unknown[]): string {
  return chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`).join('')
}

function cut(bytes: Uint8Array<ArrayBuffer>, places: number[]): Uint8Array<ArrayBuffer>[] {
  const ends = [...new Set(places.map((place) => place % bytes.length))].sort((a, b) => a - b)
  return [...ends, bytes.length].map((end, index, all) => bytes.slice(all[index - 1] ?? 0, end))
}

const places = fc.array(fc.nat(), { maxLength: 20 })

describe('whatever the engine says, a client assembles the same', () => {
  it('from frames, which are the same bytes, however they were cut', () => {
    fc.assert(
      fc.property(said, places, fc.boolean(), ({ chunks, texts, ends }, cuts, wantsUsage) => {
        const sink = new FrameSink()
        const reader = new EventReader(contract(wantsUsage), sink, true)
        const sent = `${frames(chunks)}data: [DONE]\n\n`
        const parts: Uint8Array<ArrayBuffer>[] = []
        for (const packet of cut(encodeText(sent), cuts)) {
          reader.push(packet)
          parts.push(...(sink.take() ?? []))
        }
        expect(reader.ended).toBe(true)
        const got = concat(parts)
        const expected = wantsUsage ? frames(chunks) : frames(chunks.slice(0, -1))
        expect(new TextDecoder().decode(got)).toBe(expected)
        const whole = new Uint8Array([...got, ...encodeText('data: [DONE]\n\n')])
        expect(assemble(whole, wantsUsage)).toEqual({
          texts,
          ends,
          problems: [],
          usage: wantsUsage ? usage : undefined,
        })
      }),
    )
  })

  it('from chunks of our own, heartbeats among them', async () => {
    await fc.assert(
      fc.asyncProperty(said, fc.boolean(), async ({ chunks, texts, ends }, wantsUsage) => {
        async function* batches() {
          for (const chunk of structuredClone(chunks)) yield [chunk]
        }
        const stream = enforceContract<TextContract>(batches(), contract(wantsUsage))
        const encoder = new CompletionEncoder('r', 'm')
        let told = encoder
          .opening(undefined)
          .replace(
            /"cmpl-r".*?"choices"/,
            '"c1","object":"text_completion","created":1,"model":"m","choices"',
          )
        for (let next = await stream.items.next(); !next.done; next = await stream.items.next()) {
          told += encoder.chunks(next.value) + encoder.idle(stream)
        }
        told += encoder.done()
        const read = assemble(encodeText(told), wantsUsage)
        expect(read).toMatchObject({ texts, ends, problems: [] })
      }),
    )
  })

  it('from one whole answer', async () => {
    await fc.assert(
      fc.asyncProperty(said, async ({ chunks, texts, tokens, ends }) => {
        const sink = new ChunkSink<TextChunk>()
        const reader = new EventReader(contract(true), sink, false)
        reader.push(encodeText(`${frames(chunks)}data: [DONE]\n\n`))
        async function* batches() {
          yield sink.take() ?? []
        }
        const stream = enforceContract<TextContract>(batches(), contract(true))
        const answer = (await collectStream(stream, new TextAccumulator(), () => {})) as TextChunk
        expect(answer).toMatchObject({ ...envelope, usage })
        expect(answer.choices.map(({ index }) => index)).toEqual([0, 1, 2])
        expect(answer.choices.map(({ text }) => text)).toEqual(texts)
        expect(answer.choices.map(({ finish_reason }) => finish_reason)).toEqual(ends)
        expect(answer.choices.map(({ logprobs }) => logprobs?.tokens ?? [])).toEqual(tokens)
      }),
    )
  })
})
