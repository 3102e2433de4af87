import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { postChat, readStream } from '../support/read.ts'
import { type Relay, relayChat, useRelay } from '../support/relay.ts'
import { frame, type Step } from '../support/script.ts'
import { type HostName, useServerWith } from '../support/server.ts'
import { startUpstream, type Upstream } from '../support/upstream.ts'

const envelope = { id: 'chatcmpl-t', created: 1_790_000_000, model: 'm' }

function chunkOf(delta: object, finish_reason: string | null = null, index = 0): string {
  const choices = [{ index, delta, finish_reason }]
  return frame({ ...envelope, object: 'chat.completion.chunk', choices })
}

/** A stream of one text in these pieces. */
function stream(pieces: string[]): { steps: Step[] } {
  const tokens = pieces.map((content) => chunkOf({ content }))
  const all = [chunkOf({ role: 'assistant', content: '' }), ...tokens, chunkOf({}, 'stop')]
  return { steps: [{ send: `${all.join('')}data: [DONE]\n\n` }] }
}

/** A completion that comes whole. */
function whole(content: string): { steps: Step[] } {
  const choices = [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }]
  const completion = { ...envelope, object: 'chat.completion', choices }
  return { steps: [{ send: JSON.stringify(completion) }] }
}

async function streamed(relay: Relay, pieces: string[], more: object = {}) {
  const { read, entry } = await relayChat(relay, { script: stream(pieces), ...more })
  expect(read).toMatchObject({ outcome: 'finished', problems: [] })
  const joined = (field: string) =>
    read.chunks.map(({ choices }) => choices?.[0]?.delta[field] ?? '').join('')
  const [content, reasoning] = [joined('content'), joined('reasoning_content')]
  return { content, reasoning, raw: read.raw, repaired: entry.repaired ?? [] }
}

/** Thinking that models write between tags into their answers. */
export function thinking(host: HostName): void {
  describe('is separated where that is asked for', () => {
    const relay = useRelay(host, { flags: ['--think-tags', 'separate'] })

    it('in a stream, whatever the cuts', async () => {
      const property = fc.asyncProperty(
        fc.constantFrom('', '\n'),
        fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('</think>')),
        fc.string({ unit: 'grapheme' }),
        fc.array(fc.nat(), { maxLength: 6 }),
        async (before, said, after, cuts) => {
          const text = `${before}<think>${said}</think>${after}`
          const ends = cuts.map((cut) => cut % text.length).sort((a, b) => a - b)
          const pieces = [...ends, text.length].map((end, at, all) =>
            text.slice(all[at - 1] ?? 0, end),
          )
          const { content, reasoning, repaired } = await streamed(relay, pieces)
          expect({ content, reasoning }).toEqual({ content: before + after, reasoning: said })
          expect(repaired).toContain('think')
        },
      )
      await fc.assert(property, { numRuns: 30 })
    })

    it('and what follows is forwarded as it came', async () => {
      const words = ['One', ' <think>', ' two', ' </think>', ' three']
      const { raw } = await streamed(relay, ['<think>', 'a', '</think>', ...words])
      expect(raw).toContain(words.map((content) => chunkOf({ content })).join(''))
    })

    it('and what does not think is forwarded byte for byte', async () => {
      const script = stream(['Say', ' <think>', ' and ', '</think>', '.'])
      const { read, entry } = await relayChat(relay, { script })
      expect(read.raw).toBe((script.steps[0] as { send: string }).send)
      expect(entry.repaired).toBeUndefined()
    })

    it('in each of several choices', async () => {
      const says = (index: number, ...texts: string[]) =>
        texts.map((content) => chunkOf({ role: 'assistant', content }, null, index)).join('')
      const send = [
        says(0, '<think>a', '</th'),
        says(1, 'B <thi'),
        says(0, 'ink>A'),
        chunkOf({}, 'stop', 1),
        chunkOf({}, 'stop'),
        'data: [DONE]\n\n',
      ]
      const script = { steps: [{ send: send.join('') }] }
      const { read } = await relayChat(relay, { script, n: 2 })
      expect(read).toMatchObject({ outcome: 'finished', problems: [] })
      const told = [0, 1].map((index) => {
        const deltas = read.chunks
          .flatMap(({ choices }) => choices ?? [])
          .filter((choice) => choice.index === index)
          .map(({ delta }) => delta)
        return ['content', 'reasoning_content'].map((field) =>
          deltas.map((delta) => delta[field] ?? '').join(''),
        )
      })
      expect(told).toEqual([
        ['A', 'a'],
        ['B <thi', ''],
      ])
    })

    it('to its end where it is not closed, and not made up where it is none', async () => {
      expect(await streamed(relay, ['<think>', 'a</thi'])).toMatchObject({
        content: '',
        reasoning: 'a</thi',
      })
      expect(await streamed(relay, ['<thi', 's> is text <'])).toMatchObject({
        content: '<this> is text <',
        reasoning: '',
      })
    })

    it('before a tool call', async () => {
      const call = { index: 0, id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } }
      const send = [
        chunkOf({ role: 'assistant', content: '<think>a</think>' }),
        chunkOf({ tool_calls: [call] }),
        chunkOf({}, 'tool_calls'),
        'data: [DONE]\n\n',
      ]
      const { read } = await relayChat(relay, { script: { steps: [{ send: send.join('') }] } })
      expect(read).toMatchObject({ outcome: 'finished', problems: [] })
      const [first, second] = read.chunks.map(({ choices }) => choices?.[0]?.delta)
      expect(first).toEqual({ role: 'assistant', content: '', reasoning_content: 'a' })
      expect(second).toEqual({ tool_calls: [call] })
    })

    it('in a whole answer', async () => {
      const script = whole('<think>\nHm.\n</think>\n\nYes.')
      const response = await postChat(relay.server.base, { stream: false, script })
      expect(await response.json()).toMatchObject({
        choices: [{ message: { content: '\n\nYes.', reasoning_content: '\nHm.\n' } }],
      })
    })

    it('in a stream that breaks off, up to where it does', async () => {
      const send = chunkOf({ role: 'assistant', content: '<think>a' }) + chunkOf({ content: 'b</' })
      const script = { steps: [{ send }] }
      const read = await readStream(await postChat(relay.server.base, { script }))
      expect(read).toMatchObject({ outcome: 'failed', problems: [], text: '' })
      expect(read.error?.code).toBe('upstream_truncated')
      expect(read.raw).toContain('"reasoning_content":"b"')
    })
  })

  describe('that a template opened', () => {
    const relay = useRelay(host, {
      flags: ['--think-tags', 'unopened', '--reasoning', 'reasoning'],
    })

    it('needs no tag to begin', async () => {
      const { read } = await relayChat(relay, { script: stream(['Hm', '.</th', 'ink>', 'Yes.']) })
      expect(read).toMatchObject({ outcome: 'finished', problems: [], text: 'Yes.' })
      const deltas = read.chunks.map(({ choices }) => choices?.[0]?.delta ?? {})
      expect(deltas.map((delta) => delta.reasoning ?? '').join('')).toBe('Hm.')
    })

    it('is none where the request asked for none', async () => {
      const asked = { chat_template_kwargs: { enable_thinking: false } }
      const { read } = await relayChat(relay, { script: stream(['Yes', '.']), ...asked })
      expect(read).toMatchObject({ outcome: 'finished', problems: [], text: 'Yes.' })
    })

    it('is left to a server that tells it apart by itself', async () => {
      const script = { persona: 'vllm', words: ['Yes.'], reasoning: ['Hm.'] }
      const { read } = await relayChat(relay, { script })
      expect(read).toMatchObject({ outcome: 'finished', problems: [], text: 'Yes.' })
      expect(read.raw).toContain('"reasoning":"Hm."')
    })
  })

  describe('of one upstream', () => {
    let upstream: Upstream
    const server = useServerWith(host, async () => {
      const listed = (id: string) => ({ id, object: 'model' as const, created: 1, owned_by: 'x' })
      upstream = await startUpstream({ models: ['tags', 'r1', 'plain'].map(listed) })
      const { url } = upstream
      const named = [
        { url, label: 'tags', models: ['tags'], thinkTags: 'separate', reasoning: 'reasoning' },
        { url, label: 'r1', models: ['r1'], thinkTags: 'unopened' },
        { url, label: 'plain', models: ['plain'] },
      ]
      return { flags: [], env: { SLUICE_CONFIG: JSON.stringify({ upstream: named }) } }
    })
    afterAll(() => upstream.close())

    it.each([
      ['tags', '<think>a</think>b', 'b', '"reasoning":"a"'],
      ['r1', 'a</think>b', 'b', '"reasoning_content":"a"'],
      ['plain', '<think>a</think>b', '<think>a</think>b', '"content":"<think>a</think>b"'],
    ])('is as its own settings say, for its models alone: %s', async (model, sent, text, part) => {
      const response = await postChat(server.base, { model, script: stream([sent]) })
      const read = await readStream(response)
      expect(read).toMatchObject({ outcome: 'finished', problems: [], text })
      expect(read.raw).toContain(part)
    })
  })
}
