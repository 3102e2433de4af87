import { describe, expect, it } from 'vitest'
import {
  type ChatBody,
  PERSONA_NAMES,
  type PersonaName,
  type PersonaScript,
  personaScript,
  textOf,
} from '../support/personas.ts'
import { postChat } from '../support/read.ts'
import { logOf, relayChat, sentFor, tag, useRelay } from '../support/relay.ts'
import type { Script } from '../support/script.ts'
import type { HostName } from '../support/server.ts'

const WORDS = ['Water', 'finds', 'its "way",', '水', '🌊\n', 'home.']
const USAGE = { stream_options: { include_usage: true } }

/** What needs no repairing: what comes is what goes. */
const FAULTLESS = ['openai', 'vllm', 'llamaServer', 'ollama', 'lmStudio', 'sglang'] as const

/** What a persona will say to a request, as a script whose bytes are known before it is played. */
function scriptOf(plan: PersonaScript, request: ChatBody): { script: Script; text: string } {
  const script = personaScript(plan, { model: 'm', ...request })
  const text = script.steps.map((step) => ('send' in step ? step.send : '')).join('')
  return { script, text }
}

/** The bytes of one persona, as a server that is asked for usage sends them. */
function streamOf(persona: PersonaName, more: Partial<PersonaScript> = {}) {
  return scriptOf({ persona, words: WORDS, ...more }, { stream: true, ...USAGE })
}

function withoutUsage(text: string): string {
  return text
    .split(/(?<=\n\n)/)
    .map((frame) => (/"usage":\{/.test(frame) ? ownFieldsOf(frame) : frame))
    .join('')
}

/** What is left of a frame with usage: llama-server's timings, beside a choice that says nothing. */
function ownFieldsOf(frame: string): string {
  const { usage: _usage, ...chunk } = JSON.parse(frame.slice('data: '.length))
  if (chunk.timings === undefined) return ''
  chunk.choices = [{ index: 0, delta: {}, finish_reason: null }]
  return `data: ${JSON.stringify(chunk)}\n\n`
}

/** Answers of a well-behaved upstream, of whatever make. */
export function upstream(host: HostName): void {
  describe('that behaves', () => {
    const relay = useRelay(host)

    describe.each(PERSONA_NAMES)('as %s', (persona) => {
      it('streams', async () => {
        const plan = { persona, words: WORDS, reasoning: ['Hm,', 'so.'] }
        const { read, entry } = await relayChat(relay, { script: plan })
        expect(read).toMatchObject({ status: 200, outcome: 'finished', problems: [] })
        expect(read.text).toBe(textOf(WORDS))
        expect(read.finish).toEqual({ 0: 'stop' })
        expect(read.raw).toMatch(/"reasoning(_content)?":"Hm,"/)
        expect(entry).toMatchObject({ outcome: 'finished', status: 200, engine: 'gpu', tokens: 8 })
      })

      it('streams tool calls', async () => {
        const toolCalls = [
          { name: 'look', arguments: ['{"at":', '"the sea"}'] },
          { name: 'listen', arguments: ['{}'] },
        ]
        const { read } = await relayChat(relay, { script: { persona, words: [], toolCalls } })
        expect(read).toMatchObject({
          outcome: 'finished',
          problems: [],
          finish: { 0: 'tool_calls' },
        })
        const calls = read.chunks.flatMap(({ choices }) => choices?.[0]?.delta.tool_calls ?? [])
        const texts = [0, 1].map((at) =>
          (calls as { index: number; function?: { arguments?: string } }[])
            .filter(({ index }) => index === at)
            .map((call) => call.function?.arguments ?? '')
            .join(''),
        )
        expect(texts).toEqual(['{"at":"the sea"}', '{}'])
      })

      it('streams usage to a client that asks for it, once and last', async () => {
        const { read } = await relayChat(relay, { script: { persona, words: WORDS }, ...USAGE })
        expect(read).toMatchObject({ outcome: 'finished', problems: [] })
        expect(read.usage).toMatchObject({ prompt_tokens: 9, completion_tokens: 6 })
      })

      it('answers whole', async () => {
        const response = await postChat(relay.server.base, {
          stream: false,
          script: { persona, words: WORDS },
        })
        expect(response.status).toBe(200)
        expect(response.headers.get('content-type')).toMatch(/^application\/json/)
        const completion = (await response.json()) as Record<string, unknown>
        expect(completion).toMatchObject({
          object: 'chat.completion',
          choices: [{ message: { content: textOf(WORDS) }, finish_reason: 'stop' }],
          usage: { completion_tokens: 6 },
        })
        const entry = await logOf(relay.server, response)
        expect(entry).toMatchObject({ outcome: 'ok', engine: 'gpu', tokens: 6 })
      })
    })

    describe('what needs no repairing', () => {
      it.each(FAULTLESS)('is forwarded byte for byte: a stream of %s', async (persona) => {
        const { script, text } = streamOf(persona, { reasoning: ['Hm.'] })
        const { read, entry } = await relayChat(relay, { script, ...USAGE })
        expect(read.raw).toBe(text)
        expect(entry.repaired).toBeUndefined()
      })

      it.each(FAULTLESS)('%s: but for usage that the client did not ask for', async (persona) => {
        const { script, text } = streamOf(persona)
        const { read, entry } = await relayChat(relay, { script })
        expect(text).toMatch(/"usage":\{/)
        expect(read.raw).toBe(withoutUsage(text))
        expect(entry.repaired).toBeUndefined()
      })

      it.each(FAULTLESS)('is forwarded byte for byte: a completion of %s', async (persona) => {
        const { script, text } = scriptOf({ persona, words: WORDS }, {})
        const response = await postChat(relay.server.base, { stream: false, script })
        expect(await response.text()).toBe(text)
      })

      it('is forwarded as it comes, not at the end', async () => {
        const script = { persona: 'vllm', words: ['a', 'b', 'c', 'd', 'e'], delay: 100 }
        const { read } = await relayChat(relay, { script })
        const words = read.events.filter(({ data }) => /"content":" ?[a-e]"/.test(data))
        const gaps = words.slice(1).map(({ at }, index) => at - (words[index]?.at ?? 0))
        expect(gaps).toHaveLength(4)
        for (const gap of gaps) expect(gap).toBeGreaterThan(40)
        expect(Math.max(...gaps)).toBeLessThan(400)
      })
    })

    describe('usage', () => {
      it('is asked of the upstream where the client does not ask', async () => {
        const { sent } = await relayChat(relay, {
          script: { persona: 'openai' },
          stream_options: { include_obfuscation: false },
        })
        expect(sent).toHaveLength(1)
        expect(sent[0]?.body).toMatchObject({
          stream_options: { include_usage: true, include_obfuscation: false },
        })
      })

      it('is not asked where no stream is asked for', async () => {
        const body = tag({ stream: false, script: { persona: 'openai' } })
        await postChat(relay.server.base, body)
        expect(sentFor(relay, body)[0]?.body).not.toHaveProperty('stream_options')
      })

      it('on every chunk becomes usage at the end', async () => {
        const { read, entry } = await relayChat(relay, {
          script: { persona: 'vllm', words: WORDS },
          stream_options: { include_usage: true, continuous_usage_stats: true },
        })
        expect(read).toMatchObject({ outcome: 'finished', problems: [] })
        expect(read.usage).toMatchObject({ completion_tokens: 6 })
        expect(entry.repaired).toEqual(['usage'])
      })

      it('is never made up', async () => {
        const script = { persona: 'vllm', words: WORDS, usage: 'never' }
        const { read, entry } = await relayChat(relay, { script, ...USAGE })
        expect(read).toMatchObject({ outcome: 'finished', problems: [], usage: undefined })
        expect(entry.tokens).toBeUndefined()
      })
    })

    describe('a stream where JSON was asked for', () => {
      it('is folded into one completion', async () => {
        const { script } = scriptOf(
          {
            persona: 'vllm',
            words: WORDS,
            reasoning: ['Hm.'],
            toolCalls: [{ name: 'look', arguments: ['{"a', '":1}'] }],
          },
          { stream: true, ...USAGE },
        )
        const response = await postChat(relay.server.base, { stream: false, script })
        expect(response.status).toBe(200)
        expect(await response.json()).toMatchObject({
          object: 'chat.completion',
          choices: [
            {
              index: 0,
              finish_reason: 'tool_calls',
              message: {
                role: 'assistant',
                content: textOf(WORDS),
                reasoning: 'Hm.',
                tool_calls: [
                  { type: 'function', function: { name: 'look', arguments: '{"a":1}' } },
                ],
              },
            },
          ],
          usage: { completion_tokens: 9 },
        })
        expect((await logOf(relay.server, response)).repaired).toContain('stream')
      })
    })
  })

  describe('that refuses stream_options', () => {
    const relay = useRelay(host)

    it('is asked once more without them, and spared them from then on', async () => {
      const script = { persona: 'sglang', words: WORDS, refuses: ['stream_options'] }
      const first = await relayChat(relay, { script })
      expect(first.read).toMatchObject({ status: 200, outcome: 'finished', problems: [] })
      expect(first.sent.map(({ body }) => (body as ChatBody).stream_options !== undefined)).toEqual(
        [true, false],
      )
      const second = await relayChat(relay, { script })
      expect(second.read.outcome).toBe('finished')
      expect(second.sent).toHaveLength(1)
    })

    it('may refuse for another reason: that one is told', async () => {
      const script = { persona: 'sglang', error: 'context_length' }
      const response = await postChat(relay.server.base, { script })
      expect(response.status).toBe(400)
      expect(await response.text()).toContain('maximum context length')
    })
  })
}
