import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { needs } from '../support/hosts.ts'
import { ODDITIES, type Oddity } from '../support/oddities.ts'
import { PERSONA_NAMES, type PersonaScript, personaScript, textOf } from '../support/personas.ts'
import { postChat, readStream } from '../support/read.ts'
import { errorOf, logOf, type Relay, relayChat, useRelay } from '../support/relay.ts'
import type { Script, Step } from '../support/script.ts'
import type { HostName } from '../support/server.ts'
import { anyBytes, anyEnd, anyStream, EXAMPLES } from './contract-streams.ts'

const STREAMED = ODDITIES.filter(({ request }) => request?.stream !== false)

/** What a stream may hold, and how each fault of it ends. */
export function contract(host: HostName): void {
  describe('of what is read', () => {
    // What one test showed of the upstream must not decide another's.
    const relay = useRelay(host, { flags: ['--finish-reason', 'required'] })

    describe('passed on', () => {
      it.each(named('passed'))('%s', async (_, oddity) => {
        const { read, entry } = await relayChat(relay, requestOf(oddity))
        expect(read).toMatchObject({ status: 200, outcome: 'finished', problems: [] })
        expectSeen(read.raw, oddity)
        if (oddity.text !== undefined) expect(read.text).toBe(oddity.text)
        expect(entry.repaired).toBeUndefined()
        expect(entry.outcome).toBe('finished')
      })
    })

    describe('repaired', () => {
      it.each(named('repaired'))('%s', async (_, oddity) => {
        const { read, entry } = await relayChat(relay, requestOf(oddity))
        expect(read).toMatchObject({ status: 200, outcome: 'finished', problems: [] })
        expectSeen(read.raw, oddity)
        if (oddity.text !== undefined) expect(read.text).toBe(oddity.text)
        expect(entry.repaired?.toSorted()).toEqual(oddity.repaired?.toSorted())
        expect(entry.outcome).toBe('finished')
      })
    })

    describe('failed before the first chunk, with a true status', () => {
      const early = named('failed').filter(([, { text }]) => text === undefined)
      it.each(early)('%s', async (_, oddity) => {
        const response = await postChat(relay.server.base, requestOf(oddity))
        expect(response.status).toBe(502)
        const error = await errorOf(response)
        expect(error.code).toBe(oddity.code)
        expectSeen(error.message, oddity)
        const entry = await logOf(relay.server, response)
        expect(entry).toMatchObject({ status: 502, outcome: 'failed', code: oddity.code })
      })
    })

    describe('failed after it, with one error frame and no [DONE]', () => {
      const late = named('failed').filter(([, { text }]) => text !== undefined)
      it.each(late)('%s', async (_, oddity) => {
        const { read, entry } = await relayChat(relay, requestOf(oddity))
        expect(read).toMatchObject({ status: 200, outcome: 'failed', problems: [] })
        expect(read.error?.code).toBe(oddity.code)
        expect(read.error?.message).toContain('gpu')
        expectSeen(read.raw, oddity)
        expect(read.text).toBe(oddity.text)
        expect(read.raw).not.toContain('data: [DONE]')
        expect(read.events.filter(({ data }) => data.includes('"error":{'))).toHaveLength(1)
        expect(entry).toMatchObject({ status: 200, outcome: 'failed', code: oddity.code })
      })
    })

    describe('cut into packets', () => {
      it('of one byte each, a stream stays what it is', async () => {
        const usage = { stream_options: { include_usage: true } }
        const cut = PERSONA_NAMES.map(async (persona) => {
          const text = textFrom({ persona, words: ['Ä', '🌊'], reasoning: ['h'] })
          const script = { steps: [{ split: 1, text }] }
          const whole = await relayChat(relay, { script: { steps: [{ send: text }] }, ...usage })
          const { read } = await relayChat(relay, { script, ...usage })
          expect(read, persona).toMatchObject({ outcome: 'finished', problems: [] })
          expect(read.text, persona).toBe(textOf(['Ä', '🌊']))
          expect(read.raw, persona).toBe(whole.read.raw)
        })
        await Promise.all(cut)
      })

      it('of one byte each, an event of many lines stays one event', async () => {
        const lines = textFrom({ persona: 'vllm', words: ['a', 'b'] })
          .replaceAll(',"object"', ',\ndata: "object"')
          .replaceAll('\n', '\r\n')
        const { read } = await relayChat(relay, { script: { steps: [{ split: 1, text: lines }] } })
        expect(read).toMatchObject({ outcome: 'finished', problems: [], text: 'a b' })
      })

      it('at each of its bytes in turn, a stream stays what it is', async () => {
        const bytes = Buffer.from(
          textFrom({ persona: 'vllm', words: ['Ä🌊'] }).replace('\n\n', '\n\n: c\n\n'),
        )
        const { read: whole } = await relayChat(relay, { script: cutAt(bytes, []) })
        expect(whole.problems).toEqual([])
        const places = Array.from({ length: bytes.length - 1 }, (_, at) => at + 1)
        const wrong: number[] = []
        const workers = Array.from({ length: 24 }, async () => {
          for (let at = places.pop(); at !== undefined; at = places.pop()) {
            const { read } = await relayChat(relay, { script: cutAt(bytes, [at]) })
            if (read.raw !== whole.raw) wrong.push(at)
          }
        })
        await Promise.all(workers)
        expect(wrong).toEqual([])
      })

      it('at random, any stream stays what it is', async () => {
        const property = fc.asyncProperty(anyStream, fc.array(fc.nat()), async (stream, cuts) => {
          const bytes = Buffer.from(stream.sent)
          const { read } = await relayChat(relay, { script: cutAt(bytes, cuts) })
          expect(read).toMatchObject({ outcome: 'finished', problems: [] })
          expect(read.events.map(({ data }) => data)).toEqual(stream.events)
        })
        await fc.assert(property, { numRuns: 30 })
      })
    })

    it('whatever an upstream sends, a client sees one outcome', async () => {
      const seen = { finished: 0, failed: 0, refused: 0 }
      const property = fc.asyncProperty(anyBytes, fc.array(fc.nat()), anyEnd, async (...given) => {
        const [bytes, cuts, end] = given
        const steps: Step[] = [...cutAt(bytes, cuts).steps, ...end]
        seen[await outcomeOf(relay, { steps }, bytes)]++
      })
      await fc.assert(property, { numRuns: 60, examples: EXAMPLES })
      expect(Math.min(...Object.values(seen)), JSON.stringify(seen)).toBeGreaterThan(0)
    })
  })

  describe('as settings bend it', () => {
    const relay = useRelay(host, { flags: ['--lenient', 'gpu', '--reasoning', 'reasoning'] })

    it('takes [DONE] without a finish for a stop where the old setting says so', async () => {
      const text = textFrom({ persona: 'vllm', words: ['a', 'b'] })
      const send = text.split(/(?<=\n\n)/).filter((each) => !each.includes('"stop"'))
      const { read, entry } = await relayChat(relay, {
        script: { steps: [{ send: send.join('') }] },
      })
      expect(read).toMatchObject({ outcome: 'finished', problems: [], text: 'a b' })
      expect(read.finish).toEqual({ 0: 'stop' })
      expect(entry.repaired).toContain('finish_reason')
    })

    it('warns that the old setting is deprecated', needs(host, 'process'), () => {
      expect(relay.server.stderr()).toContain('Warning: --lenient is deprecated')
    })

    it('still fails a truncated stream', async () => {
      const send = textFrom({ persona: 'vllm', words: ['a', 'b'] }).split(/(?<=\n\n)/)
      const script = { steps: [{ send: send.slice(0, 3).join('') }] }
      const { read } = await relayChat(relay, { script })
      expect(read).toMatchObject({ outcome: 'failed', problems: [] })
      expect(read.error?.code).toBe('upstream_truncated')
    })

    it('gives reasoning the one name that was asked for', async () => {
      const script = { persona: 'llamaServer', words: ['a'], reasoning: ['Hm,', 'so.'] }
      const { read, entry } = await relayChat(relay, { script })
      expect(read).toMatchObject({ outcome: 'finished', problems: [] })
      const deltas = read.chunks.map(({ choices }) => choices?.[0]?.delta ?? {})
      expect(deltas.map((delta) => delta.reasoning ?? '').join('')).toBe('Hm, so.')
      expect(read.raw).not.toContain('reasoning_content')
      expect(entry.repaired).toEqual(['reasoning'])
      const whole = await postChat(relay.server.base, { stream: false, script })
      expect(await whole.json()).toMatchObject({
        choices: [{ message: { content: 'a', reasoning: 'Hm, so.' } }],
      })
    })

    it('leaves alone what has that name already', async () => {
      const script = { persona: 'vllm', words: ['a'], reasoning: ['Hm.'] }
      const { read, entry } = await relayChat(relay, { script })
      expect(read.raw).toContain('"reasoning":"Hm."')
      expect(entry.repaired).toBeUndefined()
    })
  })
}

function named(expected: Oddity['expect']): [string, Oddity][] {
  return STREAMED.filter(({ expect }) => expect === expected).map((each) => [each.name, each])
}

function requestOf({ script, request }: Oddity): Record<string, unknown> {
  return { ...request, script }
}

function expectSeen(text: string, { contains, without }: Oddity): void {
  for (const part of contains ?? []) expect(text).toContain(part)
  for (const part of without ?? []) expect(text).not.toContain(part)
}

function textFrom(plan: PersonaScript): string {
  const request = { stream: true, model: 'm', stream_options: { include_usage: true } }
  const { steps } = personaScript(plan, request)
  return steps.map((step) => ('send' in step ? step.send : '')).join('')
}

/** The bytes in one packet more than there are places to cut at. */
function cutAt(bytes: Buffer, places: number[]): Script {
  const sorted = [...new Set(places.map((at) => at % Math.max(1, bytes.length)))]
    .toSorted((a, b) => a - b)
    .slice(0, 30)
  const edges = [0, ...sorted, bytes.length]
  const steps = edges.slice(1).flatMap((end, at): Step[] => {
    const base64 = bytes.subarray(edges[at], end).toString('base64')
    return at === 0 ? [{ base64 }] : [{ wait: 1 }, { base64 }]
  })
  return { steps }
}

/** Holds whatever came of a script to the one rule: one outcome, and the log tells the same. */
async function outcomeOf(relay: Relay, script: Script, bytes: Buffer) {
  const told = JSON.stringify(bytes.toString())
  const response = await postChat(relay.server.base, { script })
  if (response.status !== 200) {
    expect(response.status, told).toBe(502)
    expect((await errorOf(response)).code, told).not.toBeNull()
    expect((await logOf(relay.server, response)).outcome, told).toBe('failed')
    return 'refused'
  }
  const read = await readStream(response)
  expect(read.problems, told).toEqual([])
  if (read.outcome === 'truncated') throw new Error(`A stream without an outcome: ${told}`)
  expect((await logOf(relay.server, response)).outcome, told).toBe(read.outcome)
  return read.outcome
}
